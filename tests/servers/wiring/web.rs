//! Servers of HTTP and WebSockets, each with a client in its own language.

use super::{beside, in_path, is_reached_both_ways, java, shop};
use crate::installed;

const TORNADO: &str = "import asyncio, os, tornado.web, tornado.websocket\n\
    said = []\n\
    class Socket(tornado.websocket.WebSocketHandler):\n    \
        def on_message(self, message):\n        \
            said.append(message)\n        \
            self.write_message(' '.join(said))\n\
    async def main():\n    \
        tornado.web.Application([('/ws', Socket)]).listen(int(os.environ['PORT']), 'localhost')\n    \
        await asyncio.Event().wait()\n\
    asyncio.run(main())\n";

const WEBSOCKET_CLIENT: &str = "import asyncio, os, tornado.websocket\n\
    async def main():\n    \
        socket = await tornado.websocket.websocket_connect(os.environ['LIVE_URL'])\n    \
        for word in ('hello', 'world'):\n        \
            await socket.write_message(word)\n        \
            heard = await socket.read_message()\n    \
        print(heard, flush=True)\n\
    asyncio.run(main())\n";

#[test]
fn a_websocket_of_tornado_is_behind_a_variable_of_another_app() {
    let python = installed().join("python/bin/python");
    let python = python.display();
    let shop = shop(
        "LIVE_URL: { app: ../live, value: \"ws://{host}:{port}/ws\" }",
        &format!("{python} client.py"),
    )
    .file("client.py", WEBSOCKET_CLIENT);
    let live = beside(&shop, "live", &format!("web: {python} app.py\n")).file("app.py", TORNADO);
    is_reached_both_ways(&shop, &live, "hello world");
}

const NODE: &str = "const notes = [];\n\
    require('node:http').createServer(async (request, response) => {\n  \
        if (request.method === 'POST') {\n    \
            for await (const chunk of request) notes.push(String(chunk));\n  \
        }\n  \
        response.end(notes.join(' '));\n\
    }).listen(process.env.PORT, 'localhost');\n";

const FETCH: &str = "(async () => {\n  \
        const write = (body) => fetch(process.env.NOTES_URL, { method: 'POST', body });\n  \
        await write('hello');\n  \
        await write('world');\n  \
        console.log(await (await fetch(process.env.NOTES_URL)).text());\n\
    })();\n";

#[test]
fn a_node_app_is_behind_a_variable_of_another_app() {
    let node = in_path("node");
    let shop = shop("NOTES_URL: ../notes", &format!("{node} client.js")).file("client.js", FETCH);
    let notes = beside(&shop, "notes", &format!("web: {node} app.js\n")).file("app.js", NODE);
    is_reached_both_ways(&shop, &notes, "hello world");
}

const JAVA: &str = "import com.sun.net.httpserver.HttpServer;\n\
    import java.net.InetAddress;\n\
    import java.net.InetSocketAddress;\n\
    public class Server {\n  \
        static String notes = \"\";\n  \
        public static void main(String[] arguments) throws Exception {\n    \
            int port = Integer.parseInt(System.getenv(\"PORT\"));\n    \
            var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);\n    \
            var server = HttpServer.create(address, 0);\n    \
            server.createContext(\"/\", exchange -> {\n      \
                notes += new String(exchange.getRequestBody().readAllBytes());\n      \
                byte[] answer = (notes + \"\\n\").getBytes();\n      \
                exchange.sendResponseHeaders(200, answer.length);\n      \
                try (var body = exchange.getResponseBody()) { body.write(answer); }\n    \
            });\n    \
            server.start();\n  \
        }\n\
    }\n";

#[test]
fn a_java_app_is_behind_a_variable_of_another_app() {
    let Some(java) = java() else {
        println!("left out: there is no JDK");
        return;
    };
    let curl = format!("{} --silent --show-error --fail", in_path("curl"));
    let shop = shop(
        "STOCK_URL: ../stock",
        &format!(
            "{curl} -o /dev/null -d hello \"$STOCK_URL\" && {curl} -d ', world' \"$STOCK_URL\""
        ),
    );
    let stock = beside(
        &shop,
        "stock",
        &format!("web: {} Server.java\n", java.display()),
    )
    .file("Server.java", JAVA);
    is_reached_both_ways(&shop, &stock, "hello, world");
}
