// Online users in Redis: online_users:<user> is the ID of the user's socket.
import Redis from "ioredis";

import { settings } from "./settings.js";

const redis = new Redis(settings.redis);
const prefix = `${settings.keyspace}:online_users:`;

export const cameOnline = (userId, socketId) => redis.set(prefix + userId, socketId);
export const wentOffline = (userId) => redis.del(prefix + userId);
export const socketOf = (userId) => redis.get(prefix + userId);

export async function onlineUsers() {
  const keys = await redis.keys(`${prefix}*`);
  return keys.map((key) => key.slice(prefix.length));
}

export const closePresence = () => redis.quit();
