"""The script that keeps a limit in Redis: one hash for each connection and model, and the clock of Redis for everybody.

Requests and tokens each have a theoretical arrival time (GCRA). The rate of requests is unknown until the provider
refuses a call; then it is what was asked or answered lately, and it goes down by 30 % at most once in five seconds and
up by 2 % in every ten seconds without a refusal (AIMD).
"""

from __future__ import annotations

SCRIPT = """
local key, verb = KEYS[1], ARGV[1]
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local names = {'blocked', 'rate', 'changed', 'cut', 'req', 'trate', 'tok', 'win', 'sent', 'ok', 'no', 'psent', 'pok', 'pno'}
local raw = redis.call('HMGET', key, unpack(names))
local s = {}
for i, name in ipairs(names) do s[name] = tonumber(raw[i] or '0') or 0 end

local WINDOW = 5000
if now - s.win >= WINDOW then
  if now - s.win >= 2 * WINDOW then s.psent, s.pok, s.pno = 0, 0, 0
  else s.psent, s.pok, s.pno = s.sent, s.ok, s.no end
  s.sent, s.ok, s.no, s.win = 0, 0, 0, now
end

local function per_second(current, previous)
  return math.max(current / math.max((now - s.win) / 1000, 1), previous * 1000 / WINDOW)
end

local function kept(answer)
  local flat = {}
  for _, name in ipairs(names) do flat[#flat + 1] = name; flat[#flat + 1] = string.format('%.4f', s[name]) end
  redis.call('HSET', key, unpack(flat))
  redis.call('PEXPIRE', key, 3600000)
  return answer
end

if verb == 'take' then
  local tokens = tonumber(ARGV[2])
  if s.blocked > now then return kept(math.ceil(s.blocked - now)) end
  local wait, req, tok = 0, 0, 0
  if s.rate > 0 then
    local steps = math.floor((now - s.changed) / 10000)
    if steps > 0 then s.rate = s.rate * 1.02 ^ steps; s.changed = s.changed + steps * 10000 end
    local each = 1000 / s.rate
    req = math.max(now, s.req) + each
    wait = req - now - math.max(each, 1000)
  end
  if s.trate > 0 then
    tok = math.max(now, s.tok) + tokens * 1000 / s.trate
    -- A call that is larger than a whole minute's worth may go when nothing else is owed.
    if s.tok > now then wait = math.max(wait, tok - now - 60000) end
  end
  if wait > 0 then return kept(math.ceil(wait)) end
  s.req, s.tok, s.sent = req, tok, s.sent + 1
  return kept(0)
end

if verb == 'refused' then
  local retry = tonumber(ARGV[2])
  s.no = s.no + 1
  if retry > 0 then s.blocked = math.max(s.blocked, now + retry) end
  -- A few refusals without a reason among many answers are noise of the provider, not its limit.
  local good, bad = s.ok + s.pok, s.no + s.pno
  local is_noise = retry <= 0 and good >= 10 and bad <= 0.2 * (good + bad)
  if not is_noise and now - s.cut >= 5000 then
    local current = s.rate > 0 and s.rate or math.max(per_second(s.sent, s.psent), 1)
    s.rate = math.max(current * 0.7, math.min(per_second(s.ok, s.pok), current), 0.2)
    s.cut, s.changed, s.req = now, now, now
  end
  s.changed = math.max(s.changed, now)
  return kept(0)
end

local delta, limit, left, block = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
s.ok = s.ok + 1
if block > 0 then s.blocked = math.max(s.blocked, now + block) end
if limit > 0 then
  s.trate = limit / 60
  s.tok = math.max(s.tok + delta * 1000 / s.trate, now + math.max(limit - left, 0) * 1000 / s.trate)
elseif s.trate > 0 then
  s.tok = s.tok + delta * 1000 / s.trate
end
return kept(0)
"""
