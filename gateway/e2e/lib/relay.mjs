// For clients that can't send a token: passes requests on with more headers, and all else as it came.
import http from "node:http";

export async function relay(port, headers) {
  const server = http.createServer((request, response) => {
    const own = `127.0.0.1:${server.address().port}`;
    // The gateway serves its own name only, so what is meant for the relay is said as being for the gateway.
    const host = request.headers.host === own ? `127.0.0.1:${port}` : request.headers.host;
    const origin = request.headers.origin?.replace(own, `127.0.0.1:${port}`);
    const on = http.request({
      host: "127.0.0.1", port, method: request.method, path: request.url,
      headers: { ...request.headers, host, ...(origin && { origin }), ...headers },
    }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    on.on("error", () => response.destroy());
    response.on("close", () => on.destroy());
    request.pipe(on);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
}
