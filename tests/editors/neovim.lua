-- Drives claw-lsp from a real Neovim, headless. Exits with 0 if all holds, else says what does not and exits with 1.
-- Run by tests/editors/run.sh, which gives CLAW_LSP, and a scratch folder as the working directory.

vim.g.claw_server = os.getenv('CLAW_LSP')

local failures = {}
local function check(what, holds, found)
  print((holds and 'ok    ' or 'FAILS ') .. what)
  if not holds then
    print('      ' .. vim.inspect(found))
    table.insert(failures, what)
  end
end

local function wait(what, condition)
  local done = vim.wait(10000, condition, 20)
  if not done then check(what, false, 'timed out') end
  return done
end

local function write(name, text)
  local file = assert(io.open(name, 'w'))
  file:write(text)
  file:close()
end

-- The answer of the one server to a request at a place (line and byte column from 0).
local function ask(method, line, column, more)
  vim.api.nvim_win_set_cursor(0, { line + 1, column })
  local params = vim.tbl_extend('force', vim.lsp.util.make_position_params(0, 'utf-16'), more or {})
  local answers = vim.lsp.buf_request_sync(0, method, params, 5000) or {}
  for _, answer in pairs(answers) do
    if answer.error then check(method, false, answer.error) end
    return answer.result
  end
end

-- A word's place: line and byte column from 0, of its nth occurrence.
local function place(word, nth)
  local seen = 0
  for i, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local from = 1
    while true do
      local at = line:find(word, from, true)
      if not at then break end
      seen = seen + 1
      if seen == (nth or 1) then return i - 1, at - 1 end
      from = at + 1
    end
  end
  error('no ' .. word)
end

write('shared.claw', [[
package shared
environments prod
roles bot
predicate ours(a: email) = a.domain under "acme.com"
]])
write('main.claw', [[
use "./shared.claw" as shared
tool send_mail(to: email, subject: string)
grant send_mail to bot
rule inside {
  on   send_mail
  when not shared.ours(args.to)
  deny "“{args.to}” 😀 is outside"
}
rule wrong { on send_mial deny "no" }
rule worse { on send_mail when args.subjekt == "x" deny "no" }
]])

local ok, problem = pcall(function()
  vim.cmd('edit main.claw')
  check('the file type is claw', vim.bo.filetype == 'claw', vim.bo.filetype)

  wait('two errors are shown', function() return #vim.diagnostic.get(0) >= 2 end)
  local shown = vim.tbl_map(function(d) return { d.lnum, d.col, d.code or d.user_data } end, vim.diagnostic.get(0))
  table.sort(shown, function(a, b) return a[1] < b[1] end)
  check('the first error stands at send_mial', shown[1] and shown[1][1] == 8 and shown[1][2] == 16, shown)
  check('the second stands at subjekt', shown[2] and shown[2][1] == 9 and shown[2][2] == 36, shown)

  local line, column = place('args.to)')
  local items = ask('textDocument/completion', line, column + 5)
  items = items and (items.items or items) or {}
  local labels = vim.tbl_map(function(item) return item.label end, items)
  check('args. completes to the arguments', vim.tbl_contains(labels, 'to') and vim.tbl_contains(labels, 'subject'), labels)

  line, column = place('ours(args.to)')
  vim.api.nvim_win_set_cursor(0, { line + 1, column })
  local definition = ask('textDocument/definition', line, column)
  local target = definition and (definition[1] or definition)
  check('the definition is in the other file', target and (target.uri or target.targetUri):match('shared%.claw$') ~= nil, definition)

  local hover = ask('textDocument/hover', line, column)
  check('hover says what it is', hover and vim.inspect(hover.contents):match('predicate') ~= nil, hover)

  -- A fix: the misspelt tool.
  line, column = place('send_mial')
  local diagnostics = vim.lsp.diagnostic.get_line_diagnostics(0, line)
  local actions = ask('textDocument/codeAction', line, column, {
    range = { start = { line = line, character = column }, ['end'] = { line = line, character = column + 9 } },
    context = { diagnostics = diagnostics },
  }) or {}
  local fix = nil
  for _, action in ipairs(actions) do
    if action.edit and action.title:match('send_mail') then fix = action break end
  end
  check('the misspelt tool has a fix', fix ~= nil, actions)
  if fix then
    vim.lsp.util.apply_workspace_edit(fix.edit, 'utf-16')
    wait('the fix removes the error', function() return #vim.diagnostic.get(0) == 1 end)
  end

  -- A rename across both files.
  line, column = place('ours(args.to)')
  local edit = ask('textDocument/rename', line, column, { newName = 'internal' })
  if edit then vim.lsp.util.apply_workspace_edit(edit, 'utf-16') end
  check('the use is renamed', vim.fn.search('shared.internal(args.to)', 'nw') > 0, edit)
  vim.cmd('buffer shared.claw')
  check('the declaration is renamed', vim.fn.search('predicate internal(', 'nw') > 0, edit)
  vim.cmd('silent write')
  vim.cmd('buffer main.claw')

  -- Formatting on save: the clauses of a rule are aligned by the formatter.
  vim.fn.setline(place('send_mail', 3) + 1, '  on send_mail')
  vim.cmd('silent write')
  local text = table.concat(vim.fn.readfile('main.claw'), '\n')
  check('saving formats', text:match('\n  on      send_mail\n') ~= nil, text)
  check('saving keeps the text', text:match('😀') ~= nil, text)
end)
if not ok then check('no error in the script', false, problem) end

print(#failures == 0 and 'Neovim: all holds' or ('Neovim: ' .. #failures .. ' failed'))
vim.cmd(#failures == 0 and 'qall!' or 'cquit 1')
