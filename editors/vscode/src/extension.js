// The VS Code side of claw-lsp: starts the server, and shows what its commands answer.
// @ts-check
const vscode = require("vscode");
const { LanguageClient, Trace } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

/** Starts the server, and says so plainly if it cannot be found. */
async function start() {
  const settings = vscode.workspace.getConfiguration("claw");
  const command = settings.get("server.path", "claw-lsp");
  client = new LanguageClient(
    "claw",
    "claw",
    { command, args: [] },
    {
      documentSelector: [{ language: "claw" }],
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{claw,json}") },
    },
  );
  try {
    await client.start();
    await client.setTrace(Trace.fromString(settings.get("trace.server", "off")));
  } catch (error) {
    client = undefined;
    const open = "Open settings";
    const text = `claw: the language server “${command}” did not start (${error}). Build it with “cargo build --release -p claw-lsp”, and set “claw.server.path”.`;
    if ((await vscode.window.showErrorMessage(text, open)) === open) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "claw.server.path");
    }
  }
}

/** Asks the server to run one of its commands at the cursor. */
async function ask(command) {
  const editor = vscode.window.activeTextEditor;
  if (!client || !editor || editor.document.languageId !== "claw") {
    vscode.window.showInformationMessage("claw: open a .claw file first");
    return undefined;
  }
  const { line, character } = editor.selection.active;
  const uri = client.code2ProtocolConverter.asUri(editor.document.uri);
  try {
    return await client.sendRequest("workspace/executeCommand", {
      command,
      arguments: [{ uri, position: { line, character } }],
    });
  } catch (error) {
    vscode.window.showWarningMessage(`claw: ${error.message ?? error}`);
    return undefined;
  }
}

/** The decision graph of the tool under the cursor, in a panel beside the text. */
async function showGraph() {
  const answer = await ask("claw.graph");
  if (!answer) return;
  const panel = vscode.window.createWebviewPanel("claw.graph", `Graph: ${answer.tool}`, vscode.ViewColumn.Beside, {});
  panel.webview.html = `<!DOCTYPE html><html><head><meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <style>body { background: white; padding: 1em; } svg { max-width: 100%; height: auto; }</style></head>
    <body>${answer.svg}</body></html>`;
}

/** Runs the file's tests and shows the report. */
async function runTests() {
  const answer = await ask("claw.test");
  if (!answer) return;
  const channel = (runTests.channel ??= vscode.window.createOutputChannel("claw tests"));
  channel.clear();
  channel.append(answer.report);
  channel.show(true);
}

/** @param {vscode.ExtensionContext} context */
async function activate(context) {
  const register = (name, run) => context.subscriptions.push(vscode.commands.registerCommand(name, run));
  register("claw.showGraph", showGraph);
  register("claw.runTests", runTests);
  register("claw.restart", async () => {
    await client?.stop();
    await start();
  });
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("claw.server.path")) vscode.commands.executeCommand("claw.restart");
    }),
  );
  await start();
}

async function deactivate() {
  await client?.stop();
}

module.exports = { activate, deactivate };
