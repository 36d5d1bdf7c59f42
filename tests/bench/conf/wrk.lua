-- The first argument after -- is the size of a body to POST; 0 makes a GET.
function init(args)
	local size = tonumber(args[1])
	if size > 0 then
		wrk.method = "POST"
		wrk.body = string.rep("x", size)
	end
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
		e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
