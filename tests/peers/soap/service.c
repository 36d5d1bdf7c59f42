// A service of gSOAP, made from trial.wsdl: what Put got it gives back.
#include "TrialSoap.nsmap"
#include "soapH.h"
#include <arpa/inet.h>

int __ns1__Put(struct soap *soap, struct _ns1__Put *in, struct _ns1__PutResponse *out) {
  (void)soap;
  out->record = in->record;
  return SOAP_OK;
}

int __ns1__Find(struct soap *soap, struct _ns1__Find *in, struct _ns1__FindResponse *out) {
  (void)out;
  const char *text = "no item ";
  size_t size = strlen(text) + strlen(in->item) + 1;
  char *reason = soap_malloc(soap, size);
  snprintf(reason, size, "%s%s", text, in->item);
  struct _ns1__NotFound *missing = soap_malloc(soap, sizeof *missing);
  soap_default__ns1__NotFound(soap, missing);
  missing->item = in->item;
  missing->tried = 9007199254740993;
  soap_sender_fault(soap, reason, NULL);
  soap->fault->detail = soap_malloc(soap, sizeof *soap->fault->detail);
  soap_default_SOAP_ENV__Detail(soap, soap->fault->detail);
  soap->fault->detail->ns1__NotFound = missing;
  return SOAP_FAULT;
}

int main(void) {
  struct soap *soap = soap_new1(SOAP_C_UTFSTRING);
  if (!soap_valid_socket(soap_bind(soap, "127.0.0.1", 0, 10))) {
    soap_print_fault(soap, stderr);
    return 1;
  }
  struct sockaddr_in at;
  socklen_t size = sizeof at;
  getsockname(soap->master, (struct sockaddr *)&at, &size);
  printf("LISTEN 127.0.0.1:%d\n", ntohs(at.sin_port));
  fflush(stdout);
  while (soap_valid_socket(soap_accept(soap))) {
    soap_serve(soap);
    soap_destroy(soap);
    soap_end(soap);
  }
  soap_print_fault(soap, stderr);
  return 1;
}
