"""Lua scripts for leases, one per atomic step. All times are microseconds since 1970.

The keys of one user share a hash tag: KEYS[1] is a sorted set of connections by expiry; KEYS[2] is a hash with
`version` and `seen`, the time of the last change of a lease. A user with leases is online, even if all have expired,
until SWEEP removes them. The index is a sorted set of users by the expiry of their last lease.
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
-- ARGV: now, lifetime of a lease, expiry of the keys in milliseconds, connections. Returns 1: came online.
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
-- ARGV: now, remaining lifetime, connection. Returns the expiry of the last lease; false: the lease was not held.
local expiry = redis.call('ZSCORE', KEYS[1], ARGV[3])
if not expiry or tonumber(expiry) <= at then return false end
redis.call('ZADD', KEYS[1], at + tonumber(ARGV[2]), ARGV[3])
redis.call('HSET', KEYS[2], 'seen', at)
return redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
""")

SWEEP = Script.of(f"""{_NOW}{_GROW}
-- ARGV: now, milliseconds to keep the version. Returns the expiry of the last lease, if one is left, and the time
-- the user was last seen, if they went offline now.
if redis.call('EXISTS', KEYS[1]) == 0 then return {{false, false}} end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if last then return {{last, false}} end
grow()
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {{false, redis.call('HGET', KEYS[2], 'seen')}}
""")

READ = Script.of(f"""{_NOW}
-- ARGV: now. Returns whether the user is online (1 or 0), and the version. Without stored data the version is
-- `now - 1`: newer than every published version, also after Redis lost its data, and older than the next change.
local version = redis.call('HGET', KEYS[2], 'version')
return {{redis.call('EXISTS', KEYS[1]), version and tonumber(version) or at - 1}}
""")

BUMP = Script.of(f"""{_NOW}{_GROW}
-- ARGV: now, milliseconds to keep the version of an offline user.
grow()
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
""")

EXPECT = Script.of(f"""{_NOW}
-- KEYS[1]: the index. ARGV: now, lifetime of a lease, users: sweep them after that; an entry never moves earlier.
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], 'GT', at + tonumber(ARGV[2]), ARGV[i]) end
""")

DUE = Script.of(f"""{_NOW}
-- KEYS[1]: the index. ARGV: now, limit. Returns the users to sweep.
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at, 'LIMIT', 0, ARGV[2])
""")

DONE = Script.of(f"""{_NOW}
-- KEYS[1]: the index. ARGV: now, pairs of a user and the time of the next sweep (empty: remove the entry). Users who
-- have taken a new lease since are skipped.
for i = 2, #ARGV, 2 do
  local due = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if due and tonumber(due) <= at then
    if ARGV[i + 1] == '' then redis.call('ZREM', KEYS[1], ARGV[i])
    else redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i]) end
  end
end
""")
