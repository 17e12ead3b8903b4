# list export-control: Export control: O'Brien & <Söhne>
# ipv4: 4 entries, 16,777,216 addresses
# ipv6: 3 entries, 79,228,162,514,264,337,593,543,950,336 addresses
# policy sha256:1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
# source apnic of 2018-10-12, sha256:2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e
# source ripencc of 2018-10-13, sha256:3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d
# the country of an address is where it is registered, not where it is used
# include this file at the top of the VCL
import std;
acl blockc_export_control +table {
	"10.0.0.0"/8;
	!"10.1.0.0"/16;
	"10.1.2.0"/24;
	!"10.1.2.255"/32;
	"2001:db8::"/32;
	!"2001:db8:1::"/48;
	"2001:db8:1:2::"/64;
}
sub vcl_recv {
	if (std.ip(regsub(client.ip, "^::ffff:([0-9.]+)$", "\1"), client.ip) ~ blockc_export_control) {
		std.log("blockc_export_control: block");
		return (synth(403));
	}
}
