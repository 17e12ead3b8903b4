# list export-control: Export control: O'Brien & <Söhne>
# ipv4: 2 entries, 2 addresses
# ipv6: 2 entries, 2 addresses
# policy sha256:1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
# source apnic of 2018-10-12, sha256:2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e
# source ripencc of 2018-10-13, sha256:3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d
# the country of an address is where it is registered, not where it is used
# include this file at the top of the VCL
import std;
acl blockc_export_control +table {
	"0.0.0.0"/32;
	"255.255.255.255"/32;
	"::"/128;
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"/128;
}
sub vcl_recv {
	if (std.ip(regsub(client.ip, "^::ffff:([0-9.]+)$", "\1"), client.ip) ~ blockc_export_control) {
		std.log("blockc_export_control: block");
		return (synth(403));
	}
}
