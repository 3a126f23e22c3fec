-- A request for wrk out of the environment, and its measurements as one line of JSON.
-- `@n@` in the body or the path becomes a number that goes up at each request, from 0 to LOAD_NUMBERS - 1 and again.

local method = os.getenv("LOAD_METHOD")
local path = os.getenv("LOAD_PATH")
local body = os.getenv("LOAD_BODY")
local numbers = tonumber(os.getenv("LOAD_NUMBERS"))
local number = -1

wrk.method = method
wrk.path = path
wrk.headers["Authorization"] = os.getenv("LOAD_AUTHORIZATION")
if body ~= "" then
  wrk.body = body
  wrk.headers["Content-Type"] = "application/json"
else
  body = nil
end

if numbers > 0 then
  request = function()
    number = (number + 1) % numbers
    local filled = body and body:gsub("@n@", tostring(number))
    return wrk.format(method, (path:gsub("@n@", tostring(number))), nil, filled)
  end
end

done = function(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\nMEASURED {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "broken": %d}\n',
    summary.requests,
    summary.duration / 1e6,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
