<?php
ini_set('memory_limit', '-1');
class Canned extends SoapClient {
    public $data;
    public function __doRequest($request, $location, $action, $version, $one_way = false): ?string { return $this->data; }
}
[, $wsdl, $file, $rounds] = $argv;
$client = new Canned($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE]);
$client->data = file_get_contents($file);
$best = 1e9;
for ($i = 0; $i < $rounds; $i++) {
    $a = getrusage();
    $reply = $client->Find(['Id' => 1]);
    $b = getrusage();
    $best = min($best, $b['ru_utime.tv_sec'] - $a['ru_utime.tv_sec'] + ($b['ru_utime.tv_usec'] - $a['ru_utime.tv_usec']) / 1e6);
}
echo $best, ' ', count($reply->Order), "\n";
