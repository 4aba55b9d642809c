-- What wrk sends: the requests of one template, each with fresh values in its {marks}. Arguments after `--`:
--   method path first_wallet last_wallet run repeats item body [header value]...
-- {wallet} is a wallet at random, {number} one of 1 to 100, {txid} a name never used before, {amount} a small change;
-- {items} is the item template, `repeats` times over, with commas between.

local thread_count = 0

function setup(thread)
  thread_count = thread_count + 1
  thread:set("thread_id", thread_count)
end

local sent = 0
local method, path, first_wallet, last_wallet, run, repeats, item, body

local values = {
  wallet = function() return tostring(math.random(first_wallet, last_wallet)) end,
  number = function() return tostring(math.random(1, 100)) end,
  txid = function()
    sent = sent + 1
    return run .. "-" .. thread_id .. "-" .. sent
  end,
  amount = function()
    local cents = math.random(1, 999)
    return string.format("%s%d.%02d", math.random(2) == 1 and "-" or "", cents / 100, cents % 100)
  end,
}

local function fill(template)
  return (template:gsub("{(%l+)}", function(name)
    return values[name] and values[name]()
  end))
end

function init(arguments)
  method, path, first_wallet, last_wallet, run, repeats, item, body = unpack(arguments, 1, 8)
  first_wallet, last_wallet, repeats = tonumber(first_wallet), tonumber(last_wallet), tonumber(repeats)
  for place = 9, #arguments, 2 do
    wrk.headers[arguments[place]] = arguments[place + 1]
  end
  local seed = thread_id
  for place = 1, #run do
    seed = (seed * 31 + run:byte(place)) % 2147483647
  end
  math.randomseed(seed)
  values.items = function()
    local items = {}
    for place = 1, repeats do
      items[place] = fill(item)
    end
    return table.concat(items, ",")
  end
  -- A template without marks is the same request each time.
  if fill(path) == path and fill(body) == body then
    local request_bytes = wrk.format(method, path, nil, body ~= "" and body or nil)
    request = function() return request_bytes end
  end
end

function request()
  return wrk.format(method, fill(path), nil, body ~= "" and fill(body) or nil)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"microseconds":%d,"bytes":%d,"refused":%d,"connect_errors":%d,"read_errors":%d,'
      .. '"write_errors":%d,"timeouts":%d,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f}\n',
    summary.requests, summary.duration, summary.bytes, errors.status, errors.connect, errors.read, errors.write,
    errors.timeout, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
