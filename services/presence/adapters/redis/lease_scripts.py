"""What Redis does to leases in one step each. All times in microseconds since 1970.

The keys of one user share a hash tag: KEYS[1] are the leases (sorted set of connections by expiry), KEYS[2] what is
known beside them (hash: `version`, and `seen`, when a lease was last touched). A user with leases is online, also when
they have run out: going offline is a step of its own, made by the sweep. An index (sorted set of users by the expiry
of their last lease) says whom to look at.
"""

from kernel.redis.handle import Script

# ARGV[1]: the time now; empty: the server's, which all nodes share.
_NOW = """
local function now()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local at = now()
"""
_GROW = """
local function grow()
  local version = tonumber(redis.call('HGET', KEYS[2], 'version') or -1)
  redis.call('HSET', KEYS[2], 'version', math.max(at, version + 1))
end
"""

HOLD = Script.of(f"""{_NOW}{_GROW}
-- ARGV: now, life of a lease, milliseconds after which Redis forgets all by itself, connections. 1: came online.
local came = redis.call('EXISTS', KEYS[1]) == 0
for i = 4, #ARGV do redis.call('ZADD', KEYS[1], at + tonumber(ARGV[2]), ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
redis.call('HSET', KEYS[2], 'seen', at)
if came then grow() end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return came and 1 or 0
""")

RELEASE = Script.of(f"""{_NOW}
-- ARGV: now, rest of the lease's life, connection. Returns when the last lease runs out; nothing: it was not held.
local expiry = redis.call('ZSCORE', KEYS[1], ARGV[3])
if not expiry or tonumber(expiry) <= at then return false end
redis.call('ZADD', KEYS[1], at + tonumber(ARGV[2]), ARGV[3])
redis.call('HSET', KEYS[2], 'seen', at)
return redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
""")

SWEEP = Script.of(f"""{_NOW}{_GROW}
-- ARGV: now, milliseconds to remember the version for. Returns when the last lease runs out, if there is any left,
-- and when the user was last here, if they went offline by this.
if redis.call('EXISTS', KEYS[1]) == 0 then return {{false, false}} end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if last then return {{last, false}} end
grow()
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {{false, redis.call('HGET', KEYS[2], 'seen')}}
""")

READ = Script.of(f"""{_NOW}
-- ARGV: now. Returns whether the user is online (1 or 0), and the version. Of whom nothing is kept the version is just
-- older than any that a change could make from now on: newer than all that was ever told, also if Redis lost its data.
local version = redis.call('HGET', KEYS[2], 'version')
return {{redis.call('EXISTS', KEYS[1]), version and tonumber(version) or at - 1}}
""")

BUMP = Script.of(f"""{_NOW}{_GROW}
-- ARGV: now, milliseconds to remember the version of somebody who is offline for.
grow()
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
""")

EXPECT = Script.of(f"""{_NOW}
-- KEYS[1]: the index. ARGV: now, life of a lease, users: look at them after that, or later if that was agreed already.
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], 'GT', at + tonumber(ARGV[2]), ARGV[i]) end
""")

DUE = Script.of(f"""{_NOW}
-- KEYS[1]: the index. ARGV: now, at most how many. Returns users to look at.
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at, 'LIMIT', 0, ARGV[2])
""")

DONE = Script.of(f"""{_NOW}
-- KEYS[1]: the index. ARGV: now, pairs of a user and when to look at them again, empty for never. Who has taken a new
-- lease meanwhile is left alone.
for i = 2, #ARGV, 2 do
  local due = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if due and tonumber(due) <= at then
    if ARGV[i + 1] == '' then redis.call('ZREM', KEYS[1], ARGV[i])
    else redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i]) end
  end
end
""")
