;;; claw-mode.el --- Policies for what software agents may do -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1"))
;; Keywords: languages

;;; Commentary:

;; A major mode for .claw files, and the language server through eglot:
;;
;;   (add-to-list 'load-path "/path/to/claw/editors/emacs")
;;   (require 'claw-mode)
;;   (add-hook 'claw-mode-hook #'eglot-ensure)

;;; Code:

(defgroup claw nil "Policies for what software agents may do." :group 'languages)

(defcustom claw-server-command '("claw-lsp")
  "The language server: its name or path, and arguments."
  :type '(repeat string))

(defvar claw-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?/ ". 12" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?_ "_" table)
    (modify-syntax-entry ?` "\"" table)
    table))

(defconst claw-font-lock-keywords
  `((,(regexp-opt
       '("package" "use" "tiers" "environments" "roles" "labels" "tags" "origins" "agent" "user" "context" "record" "enum"
         "tool" "resource" "prompt" "let" "live" "predicate" "window" "scope" "grant" "approval" "classify" "matrix"
         "constraints" "rule" "limit" "extern" "lifecycle" "invariant" "test")
       'symbols)
     . font-lock-keyword-face)
    (,(regexp-opt
       '("on" "when" "unless" "where" "to" "for" "by" "of" "each" "max" "per" "sum" "beyond" "expires" "reuse" "note"
         "within" "with" "from" "is" "pinned" "includes" "days" "hours" "zone" "except" "call" "expect" "because" "reason"
         "at" "fails" "tier")
       'symbols)
     . font-lock-builtin-face)
    (,(regexp-opt '("allow" "deny" "require" "constrain" "mark" "marks" "suggest" "never" "always") 'symbols)
     . font-lock-warning-face)
    (,(regexp-opt '("and" "or" "not" "in" "under" "like" "matches" "else" "as" "all" "any" "none" "count" "prior" "tagged") 'symbols)
     . font-lock-builtin-face)
    (,(regexp-opt '("true" "false") 'symbols) . font-lock-constant-face)
    ("@\\w+" . font-lock-preprocessor-face)))

(defun claw-indent-line ()
  "Indent by how many brackets are open; the server's formatter does the rest."
  (interactive)
  (let* ((column (save-excursion
                   (back-to-indentation)
                   (let ((depth (car (syntax-ppss)))
                         (closes (looking-at "[]})]")))
                     (* 2 (max 0 (if closes (1- depth) depth))))))
         (offset (- (current-column) (current-indentation))))
    (indent-line-to column)
    (when (> offset 0) (forward-char offset))))

;;;###autoload
(define-derived-mode claw-mode prog-mode "claw"
  "Major mode for claw policies."
  (setq-local comment-start "// ")
  (setq-local comment-start-skip "//[/!]*\\s-*")
  (setq-local indent-line-function #'claw-indent-line)
  (setq-local indent-tabs-mode nil)
  (setq-local font-lock-defaults '(claw-font-lock-keywords)))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.claw\\'" . claw-mode))

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs (cons 'claw-mode (lambda (&rest _) claw-server-command))))

(provide 'claw-mode)
;;; claw-mode.el ends here
