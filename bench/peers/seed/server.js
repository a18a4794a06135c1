// The stack of the Socket.IO chat that Chatly replaces, as its README describes it, limited to the path of a message.
// It prints its port once it serves.
import { createServer } from "node:http";

import express from "express";
import jwt from "jsonwebtoken";
import { Server } from "socket.io";

import { chatOf, closeMessages, historyOf, openMessages } from "./messages.js";
import { closePresence } from "./presence.js";
import { closeQueue, openQueue } from "./queue.js";
import { settings } from "./settings.js";
import { serveSockets } from "./sockets.js";

const app = express();

app.get("/api/messages/:userId", async (request, response) => {
  let caller;
  try {
    caller = jwt.verify(request.headers.authorization?.replace("Bearer ", ""), settings.secret).userId;
  } catch {
    return response.status(401).json({ error: "Authentication error" });
  }
  return response.json(await historyOf(chatOf(caller, request.params.userId)));
});

await openMessages();
await openQueue();
const http = createServer(app);
serveSockets(new Server(http));
http.listen(0, "127.0.0.1", () => console.log(http.address().port));

process.once("SIGTERM", async () => {
  await Promise.allSettled([closeQueue(), closeMessages(), closePresence()]);
  process.exit(0);
});
