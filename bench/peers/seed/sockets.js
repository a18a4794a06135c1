// Socket.IO: checks the token once, when a client connects. A message is saved, produced and sent on.
import jwt from "jsonwebtoken";

import { chatOf, createMessage } from "./messages.js";
import { cameOnline, onlineUsers, socketOf, wentOffline } from "./presence.js";
import { produce } from "./queue.js";
import { settings } from "./settings.js";

export function serveSockets(io) {
  io.use((socket, next) => {
    try {
      socket.data.userId = jwt.verify(socket.handshake.auth.token, settings.secret).userId;
      next();
    } catch {
      next(new Error("Authentication error"));
    }
  });
  io.on("connection", async (socket) => {
    socket.on("sendMessage", (message) => send(io, socket, message).catch(console.error));
    socket.on("disconnect", () => leave(io, socket).catch(console.error));
    // The seed has no groups; one room with all users replaces them.
    socket.join("everybody");
    await enter(io, socket);
  });
}

async function enter(io, socket) {
  const { userId } = socket.data;
  await cameOnline(userId, socket.id);
  socket.emit("onlineUsersList", await onlineUsers());
  io.emit("userOnline", userId);
}

async function leave(io, socket) {
  await wentOffline(socket.data.userId);
  io.emit("userOffline", socket.data.userId);
}

async function send(io, socket, { receiverId, room, content }) {
  const senderId = socket.data.userId;
  const chatId = room ?? chatOf(senderId, receiverId);
  const message = await createMessage({ chatId, senderId, receiverId, content });
  await produce(message);
  if (room) {
    io.to("everybody").emit("receiveMessage", message);
    return;
  }
  socket.emit("receiveMessage", message);
  const receiver = await socketOf(receiverId);
  if (receiver) io.to(receiver).emit("receiveMessage", message);
}
