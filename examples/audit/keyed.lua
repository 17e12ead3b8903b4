-- Gives Envoy's access log the HMAC-SHA-256 of the API key, 32 characters of it: Envoy has no such
-- operator, and its Lua no such function. The secret is in the environment.
local bit = require("bit")
local band, bnot, bxor, ror, rshift, tobit =
  bit.band, bit.bnot, bit.bxor, bit.ror, bit.rshift, bit.tobit

-- The first 32 bits of the fractional part of a root of one of the first primes (FIPS 180-4).
local function fraction(root)
  return tobit(math.floor((root - math.floor(root)) * 2 ^ 32))
end

local START, ROUNDS, candidate = {}, {}, 2
while #ROUNDS < 64 do
  local prime = true
  for divisor = 2, math.floor(math.sqrt(candidate)) do
    prime = prime and candidate % divisor ~= 0
  end
  if prime then
    ROUNDS[#ROUNDS + 1] = fraction(candidate ^ (1 / 3))
    if #START < 8 then START[#START + 1] = fraction(math.sqrt(candidate)) end
  end
  candidate = candidate + 1
end

local function word(number)
  return string.char(band(rshift(number, 24), 255), band(rshift(number, 16), 255),
    band(rshift(number, 8), 255), band(number, 255))
end

local function compress(state, block)
  local w = {}
  for n = 1, 16 do
    local a, b, c, d = block:byte(4 * n - 3, 4 * n)
    w[n] = tobit(a * 2 ^ 24 + b * 2 ^ 16 + c * 2 ^ 8 + d)
  end
  for n = 17, 64 do
    local x, y = w[n - 15], w[n - 2]
    local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
    local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
    w[n] = tobit(w[n - 16] + s0 + w[n - 7] + s1)
  end
  local a, b, c, d, e, f, g, h = unpack(state)
  for n = 1, 64 do
    local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
    local one = h + s1 + bxor(band(e, f), band(bnot(e), g)) + ROUNDS[n] + w[n]
    local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
    local two = s0 + bxor(band(a, b), band(a, c), band(b, c))
    h, g, f, e, d, c, b, a = g, f, e, tobit(d + one), c, b, a, tobit(one + two)
  end
  local mixed = { a, b, c, d, e, f, g, h }
  for n = 1, 8 do mixed[n] = tobit(mixed[n] + state[n]) end
  return mixed
end

local function sha256(text)
  local zeros = string.rep("\0", (55 - #text) % 64)
  local padded = text .. "\128" .. zeros .. "\0\0\0\0" .. word(#text * 8)
  local state = START
  for at = 1, #padded, 64 do state = compress(state, padded:sub(at, at + 63)) end
  for n = 1, 8 do state[n] = word(state[n]) end
  return table.concat(state)
end

local function masked(secret, mask)
  return (secret:gsub(".", function(char) return string.char(bxor(char:byte(), mask)) end))
end

local secret = os.getenv("BLOCKC_AUDIT_SECRET")
assert(secret and #secret >= 16, "BLOCKC_AUDIT_SECRET is not set, or has less than 16 characters")
if #secret > 64 then secret = sha256(secret) end
secret = secret .. string.rep("\0", 64 - #secret)
local inner, outer = masked(secret, 0x36), masked(secret, 0x5c)

function envoy_on_request(handle)
  local key = handle:headers():get("x-api-key")
  if key and #key > 0 then
    local code = sha256(outer .. sha256(inner .. key)):sub(1, 16)
    local hash = code:gsub(".", function(char) return string.format("%02x", char:byte()) end)
    handle:streamInfo():dynamicMetadata():set("blockc", "key", hash)
  end
end
