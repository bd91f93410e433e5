//! Policies of several files: on disk, in buffers, and both.

use serde_json::json;

use super::{Editor, Folder, starts};

#[test]
fn used_files_come_from_disk_and_unsaved_buffers_stand_for_them() {
    let folder = Folder::new();
    let company = folder.write("company.claw", "package company\nroles support\n");
    let text = "package p\nuse \"./company.claw\" as company\nenvironments dev\ntool t()\ngrant t to support\n";
    let main = folder.write("main.claw", text);
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(&main, text);
    assert_eq!(starts(&editor.findings_at(&main, 1)), []);
    // The role disappears in the editor, though not on disk.
    editor.open(&company, "package company\n");
    assert_eq!(starts(&editor.findings(&main)), [(4, 11)]);
    // Closed without saving: the file counts again.
    editor.close(&company);
    assert_eq!(starts(&editor.findings(&main)), []);
    // A used file with a mistake of its own is reported at that file.
    editor.open(&company, "package company\nroles support\npredicate p(x: string) = x == y\n");
    let wrong = editor.findings(&company);
    assert_eq!(starts(&wrong).len(), 1, "{wrong:#?}");
}
