import sys, time
from lxml import etree
import zeep
wsdl, file, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
binding = zeep.Client(wsdl).service._binding
operation = binding.get("Find")
data = open(file, "rb").read()
best = 1e9
for _ in range(rounds):
    begin = time.process_time()
    reply = operation.process_reply(etree.fromstring(data))
    best = min(best, time.process_time() - begin)
rows = reply if isinstance(reply, list) else reply["Order"]
print(best, len(rows))
