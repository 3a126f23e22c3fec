-- A request for wrk out of the environment, and its measurements as one line of JSON.
-- `@n@` in the body or the path becomes a number that goes up at each request, from LOAD_FIRST to LOAD_NUMBERS - 1 and
-- from 0 again. With LOAD_EVERY only every n-th request gets the next number, and the others get 0.

local method = os.getenv("LOAD_METHOD")
local path = os.getenv("LOAD_PATH")
local body = os.getenv("LOAD_BODY")
local numbers = tonumber(os.getenv("LOAD_NUMBERS"))
local number = tonumber(os.getenv("LOAD_FIRST")) - 1
local every = tonumber(os.getenv("LOAD_EVERY"))
local asked = 0

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
  local function filled(with)
    return wrk.format(method, (path:gsub("@n@", with)), nil, body and (body:gsub("@n@", with)))
  end
  local usual = nil
  request = function()
    asked = asked + 1
    if asked % every ~= 0 then
      usual = usual or filled("0")
      return usual
    end
    number = (number + 1) % numbers
    return filled(tostring(number))
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
