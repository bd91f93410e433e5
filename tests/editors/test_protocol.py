"""The language server as a second client sees it: pytest-lsp, over standard input and output.

Run by tests/editors/run.sh pytest, which gives CLAW_LSP. Its types check the shape of every answer.
"""

import os
import sys

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

URI = "untitled:policy.claw"
POLICY = """package p
environments dev
roles r
/// Sends a mail. 😀
tool send(to: email, subject: string)
grant send to r
predicate ours(a: email) = a.domain under "acme.com"
rule inside { on send when not ours(args.to) deny "é {args.to}" }
rule wrong { on sned deny "no" }
"""


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[os.environ["CLAW_LSP"]]))
async def client(lsp_client: LanguageClient):
    capabilities = client_capabilities("visual-studio-code")
    # This client cannot be asked to watch files.
    capabilities.workspace.did_change_watched_files = None
    await lsp_client.initialize_session(types.InitializeParams(capabilities=capabilities, workspace_folders=None))
    document = types.TextDocumentItem(uri=URI, language_id="claw", version=1, text=POLICY)
    lsp_client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=document))
    yield
    await lsp_client.shutdown_session()


DOCUMENT = types.TextDocumentIdentifier(uri=URI)
AT_SEND = types.Position(line=7, character=18)
AT_OURS = types.Position(line=7, character=32)
WHOLE = types.Range(start=types.Position(0, 0), end=types.Position(9, 0))


@pytest.mark.asyncio
async def test_every_answer_has_its_shape(client: LanguageClient):
    at = dict(text_document=DOCUMENT, position=AT_SEND)
    report = await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(text_document=DOCUMENT))
    assert [item.code for item in report.items] == ["E0101"]
    assert report.items[0].range.start == types.Position(line=8, character=16)

    assert "Sends a mail" in (await client.text_document_hover_async(types.HoverParams(**at))).contents.value
    definition = await client.text_document_definition_async(types.DefinitionParams(**at))
    assert definition
    context = types.ReferenceContext(include_declaration=True)
    references = await client.text_document_references_async(types.ReferenceParams(context=context, **at))
    assert len(references) == 3
    assert len(await client.text_document_document_highlight_async(types.DocumentHighlightParams(**at))) == 3

    after_args = types.Position(line=7, character=41)
    completion = await client.text_document_completion_async(
        types.CompletionParams(text_document=DOCUMENT, position=after_args)
    )
    items = completion.items if isinstance(completion, types.CompletionList) else completion
    assert {"to", "subject"} <= {item.label for item in items}
    inside_call = types.Position(line=7, character=36)
    help_ = await client.text_document_signature_help_async(
        types.SignatureHelpParams(text_document=DOCUMENT, position=inside_call)
    )
    assert "ours" in help_.signatures[0].label

    assert await client.text_document_document_symbol_async(types.DocumentSymbolParams(text_document=DOCUMENT))
    assert await client.workspace_symbol_async(types.WorkspaceSymbolParams(query="send"))
    assert await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(text_document=DOCUMENT))
    assert await client.text_document_inlay_hint_async(
        types.InlayHintParams(text_document=DOCUMENT, range=WHOLE)
    ) is not None
    assert await client.text_document_code_lens_async(types.CodeLensParams(text_document=DOCUMENT))
    ranges = types.SelectionRangeParams(text_document=DOCUMENT, positions=[AT_SEND])
    assert (await client.text_document_selection_range_async(ranges))[0].parent


@pytest.mark.asyncio
async def test_what_changes_text(client: LanguageClient):
    line = types.Range(start=types.Position(8, 0), end=types.Position(8, 30))
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(text_document=DOCUMENT, range=line, context=types.CodeActionContext(diagnostics=[]))
    )
    assert any(action.title == "change it to `send`" and action.is_preferred for action in actions)
    params = types.RenameParams(text_document=DOCUMENT, position=AT_OURS, new_name="internal")
    edit = await client.text_document_rename_async(params)
    assert len(edit.changes[URI]) == 2
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    edits = await client.text_document_formatting_async(
        types.DocumentFormattingParams(text_document=DOCUMENT, options=options)
    )
    assert edits
    items = await client.text_document_prepare_call_hierarchy_async(
        types.CallHierarchyPrepareParams(text_document=DOCUMENT, position=AT_OURS)
    )
    calls = await client.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(item=items[0]))
    assert [call.from_.name for call in calls] == ["inside"]


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
