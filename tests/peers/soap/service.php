<?php
// The services of trial.wsdl and encoded.wsdl. What Put got it gives back.
ini_set('soap.wsdl_cache_enabled', '0');

class Trial
{
    public function Put($in) { return $in; }

    public function Find($in)
    {
        $detail = new stdClass;
        $detail->item = $in->item;
        $detail->tried = 9007199254740993;
        throw new SoapFault('Client', "no item $in->item", 'urn:stock', $detail, 'NotFound');
    }

    // One struct in two places: php-soap writes it once, and a reference.
    public function Twice($record) { return [$record, $record]; }
}

$server = new SoapServer(__DIR__ . ($_SERVER['REQUEST_URI'] === '/encoded' ? '/encoded.wsdl' : '/trial.wsdl'), ['features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
$server->setClass('Trial');
$server->handle();
