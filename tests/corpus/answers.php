<?php
// answers.php WSDL REQUESTS ANSWERS: how php-soap reads every ANSWERS/OP.xml, into ANSWERS/OP.php.json.
// REQUESTS/OP.json are arguments that it accepts for the call. What it cannot read is left out.
ini_set('memory_limit', '2G');
ini_set('serialize_precision', -1);
error_reporting(E_ERROR);

class Canned extends SoapClient
{
    public $answer;
    public function __doRequest($request, $location, $action, $version, $oneWay = false): ?string { return $this->answer; }
}

function arguments($v)
{
    if (is_array($v)) return array_map('arguments', $v);
    if (!is_object($v)) return $v;
    $o = new stdClass;
    foreach ($v as $k => $x) {
        if ($k === '@xsi:type') continue;
        $name = $k === '#text' ? '_' : ltrim($k, '@#');
        $o->$name = $k === '#any' ? implode('', $x) : arguments($x);
    }
    return $o;
}

// Binary values are written as the samples have them.
function readable($v)
{
    if ($v instanceof SoapVar) return readable($v->enc_value);
    if (is_object($v)) $v = (object)array_map('readable', get_object_vars($v));
    if (is_array($v)) return array_map('readable', $v);
    if (is_string($v) && !mb_check_encoding($v, 'UTF-8')) return strtoupper(bin2hex($v));
    if ($v === "\x01\x02\x03") return 'AQID';
    return $v;
}

[, $wsdl, $requests, $answers] = $argv;
$rpc = preg_match('/style=["\']rpc["\']/', file_get_contents($wsdl));
$c = new Canned($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE, 'location' => 'http://127.0.0.1:1/', 'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
foreach (glob("$answers/*.xml") as $file) {
    $op = basename($file, '.xml');
    $json = @file_get_contents("$requests/$op.json");
    $args = arguments(json_decode($json === false ? '{}' : $json, false, 512, JSON_BIGINT_AS_STRING));
    $c->answer = file_get_contents($file);
    try {
        $got = $c->__soapCall($op, $rpc ? array_values((array)$args) : [$args]);
        $text = json_encode(readable($got), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        if ($text !== false) file_put_contents("$answers/$op.php.json", $text);
    } catch (Throwable $e) {
        file_put_contents("$answers/$op.php.error", $e->getMessage());
    }
}
