-- What wrk sends: the requests of one template, each with fresh values in its {marks}. Arguments after `--`:
--   method path first_wallet last_wallet first_other last_other run repeats times item body [header value]...
-- {wallet} is a wallet at random, {other} another one, {number} one of 1 to 100, {txid} a name never used before,
-- {fresh} a whole number that was hardly used before, {amount} a small change, {sum} a small amount above 0; {items} is the item template, `repeats` times over, with commas
-- between. Each request is sent `times` times in a row.

local thread_count = 0

function setup(thread)
  thread_count = thread_count + 1
  thread:set("thread_id", thread_count)
end

local sent = 0
local method, path, first_wallet, last_wallet, first_other, last_other, run, repeats, times, item, body
local headers = {}
local wallet
local fresh

local values = {
  wallet = function()
    wallet = math.random(first_wallet, last_wallet)
    return tostring(wallet)
  end,
  other = function()
    local other = math.random(first_other, last_other)
    if other == wallet then
      other = other < last_other and other + 1 or first_other
    end
    return tostring(other)
  end,
  number = function() return tostring(math.random(1, 100)) end,
  txid = function()
    sent = sent + 1
    return run .. "-" .. thread_id .. "-" .. sent
  end,
  fresh = function()
    fresh = fresh + 1
    return string.format("%.0f", fresh)
  end,
  amount = function()
    local cents = math.random(1, 999)
    return string.format("%s%d.%02d", math.random(2) == 1 and "-" or "", cents / 100, cents % 100)
  end,
  sum = function()
    local cents = math.random(1, 999)
    return string.format("%d.%02d", cents / 100, cents % 100)
  end,
}

local function fill(template)
  return (template:gsub("{(%l+)}", function(name)
    return values[name] and values[name]()
  end))
end

function init(arguments)
  method, path, first_wallet, last_wallet, first_other, last_other, run, repeats, times, item, body =
    unpack(arguments, 1, 11)
  first_wallet, last_wallet, repeats, times =
    tonumber(first_wallet), tonumber(last_wallet), tonumber(repeats), tonumber(times)
  first_other, last_other = tonumber(first_other), tonumber(last_other)
  for place = 12, #arguments, 2 do
    headers[arguments[place]] = arguments[place + 1]
  end
  local seed = thread_id
  for place = 1, #run do
    seed = (seed * 31 + run:byte(place)) % 2147483647
  end
  math.randomseed(seed)
  fresh = math.random(1e6, 1e9) * 1e4
  values.items = function()
    local items = {}
    for place = 1, repeats do
      items[place] = fill(item)
    end
    return table.concat(items, ",")
  end
  -- A template without marks is the same request each time.
  local is_fixed = fill(path) == path and fill(body) == body
  for _, value in pairs(headers) do
    is_fixed = is_fixed and fill(value) == value
  end
  if is_fixed then
    local request_bytes = wrk.format(method, path, headers, body ~= "" and body or nil)
    request = function() return request_bytes end
  end
end

local last, left = nil, 0

function request()
  if left == 0 then
    local filled = {}
    for name, value in pairs(headers) do
      filled[name] = fill(value)
    end
    last, left = wrk.format(method, fill(path), filled, body ~= "" and fill(body) or nil), times
  end
  left = left - 1
  return last
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"microseconds":%d,"bytes":%d,"refused":%d,"connect_errors":%d,"read_errors":%d,'
      .. '"write_errors":%d,"timeouts":%d,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f}\n',
    summary.requests, summary.duration, summary.bytes, errors.status, errors.connect, errors.read, errors.write,
    errors.timeout, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
