"""A service of spyne's: its contract is its own, at ?wsdl. What put got it gives back."""
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import Application, ServiceBase, rpc
from spyne.model.complex import ComplexModel
from spyne.model.fault import Fault
from spyne.model.primitive import Boolean, DateTime, Decimal, Integer64, Unicode
from spyne.model.binary import ByteArray
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication


class Record(ComplexModel):
    __namespace__ = "urn:trial"
    text = Unicode(min_occurs=1)
    long = Integer64(min_occurs=1)
    amount = Decimal(min_occurs=1)
    flag = Boolean(min_occurs=1)
    time = DateTime(min_occurs=1)
    data = ByteArray(min_occurs=1)
    nothing = Unicode(min_occurs=1, nillable=True)
    absent = Unicode(min_occurs=0)
    empty = Unicode(min_occurs=1)
    lines = Unicode(max_occurs="unbounded")


class Trial(ServiceBase):
    @rpc(Record, _returns=Record)
    def put(ctx, record):
        return record

    @rpc(Unicode, _returns=Unicode)
    def find(ctx, item):
        raise Fault("Client.NotFound", "no item %s" % item)


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


app = Application([Trial], "urn:trial", in_protocol=Soap11(validator="soft"), out_protocol=Soap11())
server = make_server("127.0.0.1", 0, WsgiApplication(app), handler_class=Quiet)
print("LISTEN 127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
