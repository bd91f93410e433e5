-- claw for Neovim 0.7 and later: file type, indentation and the language server.
-- Put this folder on the runtime path: `set runtimepath+=/path/to/claw/editors/neovim`.
-- `vim.g.claw_server` names the server if `claw-lsp` is not on the PATH.

vim.api.nvim_create_autocmd({ 'BufRead', 'BufNewFile' }, {
  pattern = '*.claw',
  callback = function() vim.bo.filetype = 'claw' end,
})

-- The folder that holds all that a policy uses: that of version control, else the file's own.
local function root_of(file)
  local found = vim.fn.finddir('.git', vim.fn.fnamemodify(file, ':h') .. ';')
  if found == '' then return vim.fn.fnamemodify(file, ':p:h') end
  return vim.fn.fnamemodify(found, ':p:h:h')
end

local clients = {}

vim.api.nvim_create_autocmd('FileType', {
  pattern = 'claw',
  callback = function(event)
    local buffer = event.buf
    vim.bo[buffer].commentstring = '// %s'
    vim.bo[buffer].shiftwidth = 2
    vim.bo[buffer].expandtab = true
    local root = root_of(vim.api.nvim_buf_get_name(buffer))
    if not (clients[root] and vim.lsp.get_client_by_id(clients[root])) then
      clients[root] = vim.lsp.start_client({
        name = 'claw',
        cmd = { vim.g.claw_server or 'claw-lsp' },
        root_dir = root,
        workspace_folders = { { name = root, uri = vim.uri_from_fname(root) } },
      })
    end
    if not clients[root] then return end
    vim.lsp.buf_attach_client(buffer, clients[root])
    vim.bo[buffer].omnifunc = 'v:lua.vim.lsp.omnifunc'
    local function map(keys, action) vim.keymap.set('n', keys, action, { buffer = buffer }) end
    map('K', vim.lsp.buf.hover)
    map('gd', vim.lsp.buf.definition)
    map('gr', vim.lsp.buf.references)
    map('<leader>rn', vim.lsp.buf.rename)
    map('<leader>ca', vim.lsp.buf.code_action)
    if vim.g.claw_format_on_save ~= false then
      vim.api.nvim_create_autocmd('BufWritePre', {
        buffer = buffer,
        callback = function()
          if vim.lsp.buf.format then vim.lsp.buf.format({ async = false }) else vim.lsp.buf.formatting_sync(nil, 2000) end
        end,
      })
    end
  end,
})
