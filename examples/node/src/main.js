// A Chatly client in Node. Start reading at scenario.js.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { scenario } from "./scenario.js";
import { talk } from "./talk.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    edge: { type: "string", default: "127.0.0.1:8080" },
    name: { type: "string" },
    files: { type: "string", default: fileURLToPath(new URL("../../files", import.meta.url)) },
    chat: { type: "string" },
    send: { type: "string", default: "0" },
    expect: { type: "string", default: "0" },
  },
});
const [command] = positionals;

if (command === "scenario" && options.name) {
  await scenario(options.edge, options.name, options.files);
} else if (command === "talk" && options.name && options.chat) {
  await talk(options.edge, options.name, options.chat, Number(options.send), Number(options.expect));
} else {
  console.error("usage: main.js scenario|talk --name NAME [--edge HOST:PORT] [--chat CHAT_ID --send N --expect N]");
  process.exitCode = 2;
}
