;;; emacs.el --- Drives claw-lsp from a real Emacs with eglot, in batch -*- lexical-binding: t; -*-
;; Run by tests/editors/run.sh, which gives CLAW_LSP and CLAW_EDITORS, and a scratch folder as the working directory.

(add-to-list 'load-path (concat (getenv "CLAW_EDITORS") "/emacs"))
(require 'cl-lib)
(require 'claw-mode)
(require 'package)
(package-initialize)
(require 'eglot)
(require 'flymake)
(setq claw-server-command (list (getenv "CLAW_LSP"))
      eglot-sync-connect 10 eglot-autoshutdown t eglot-confirm-server-initiated-edits nil
      make-backup-files nil create-lockfiles nil)

(defvar failures 0)
(defun check (what holds)
  (unless holds (cl-incf failures))
  (princ (format "%s %s\n" (if holds "ok   " "FAILS") what)))
(defun await (test)
  (let ((until (+ (float-time) 10)))
    (while (and (not (funcall test)) (< (float-time) until)) (accept-process-output nil 0.05))
    (funcall test)))

(with-temp-file "emacs.claw"
  (insert "environments prod\nroles bot\ntool send(to: email)\ngrant send to bot\n"
          "rule inside { on send when not (args.to.domain under \"acme.com\") deny \"no\" }\n"
          "rule wrong { on sned deny \"no\" }\n"))
(find-file "emacs.claw")
(check "the mode is claw-mode" (eq major-mode 'claw-mode))
(call-interactively #'eglot)
(check "the server runs" (eglot-current-server))
(flymake-mode 1)
(defun problems () (cl-remove-if-not (lambda (d) (eq (current-buffer) (flymake-diagnostic-buffer d))) (flymake-diagnostics)))
(check "an error is shown" (await (lambda () (flymake-start) (problems))))
(check "at the misspelt tool"
       (cl-some (lambda (d) (equal (buffer-substring (flymake-diagnostic-beg d) (flymake-diagnostic-end d)) "sned")) (problems)))
(goto-char (point-min))
(search-forward "args.to")
(let ((hover (jsonrpc-request (eglot--current-server-or-lose) :textDocument/hover (eglot--TextDocumentPositionParams))))
  (check "hover answers" (plist-get hover :contents)))
(goto-char (point-min))
(search-forward "sned")
(replace-match "send" t t)
(eglot--signal-textDocument/didChange) ; an idle timer does that, which do not run in batch
(check "the error goes away" (await (lambda () (flymake-start) (null (cl-remove-if-not (lambda (d) (eq (flymake-diagnostic-type d) 'eglot-error)) (problems))))))
(unless (zerop failures) (dolist (d (problems)) (princ (format "      %s\n" (flymake-diagnostic-text d)))))
(goto-char (point-max))
(insert "\n\n\nlabels   seen")
(eglot-format-buffer)
(check "formatting takes blanks away" (save-excursion (goto-char (point-min)) (search-forward "\n\nlabels seen" nil t)))
(check "formatting keeps the policy" (save-excursion (goto-char (point-min)) (search-forward "rule wrong" nil t)))
(set-buffer-modified-p nil)
(let ((server (eglot-current-server)))
  (eglot-shutdown server)
  (check "the server ends" (await (lambda () (not (jsonrpc-running-p server))))))
(princ (if (zerop failures) "Emacs: all holds\n" (format "Emacs: %d failed\n" failures)))
(kill-emacs (if (zerop failures) 0 1))
