# Makes the parts of build-windows.sh and build-virtio-win.sh that a shell cannot: PE images, registry hives, reparse points.
#
#   perl windows-parts.pl pe             lines "PATH<tab>MACHINE<tab>SUBSYSTEM<tab>exe|dll<tab>SIZE" on standard input: images with valid headers and no code
#   perl windows-parts.pl hive FILE ROOT a hive with the keys on standard input, whose root key is called ROOT
#   perl windows-parts.pl junction PATH TARGET | symlink PATH TARGET | wof ALGORITHM    the reparse point in hexadecimal
#   perl windows-parts.pl edit FILE OFFSET HEX                                          writes bytes into a file
#
# A hive's keys are written as [Key\Path], and below each its values as NAME = KIND:DATA. The name @ is the default value. Kinds are sz, expand,
# multi (strings separated by |), dword and qword (hexadecimal), and hexTYPE (bytes, of the type with that number).

use strict;
use warnings;
no warnings 'portable';
use Encode qw(encode);

my %machines = (i386 => 0x14c, x86_64 => 0x8664, arm64 => 0xaa64);

sub write_file {
    my ($path, $data) = @_;
    open my $file, '>:raw', $path or die "$path: $!\n";
    print $file $data or die "$path: $!\n";
    close $file or die "$path: $!\n";
}

# --- PE images ----------------------------------------------------------------------------------------------------------------------------

# DOS header, COFF header, optional header, one section. Filled up with bytes that depend on the name and do not compress to nothing.
sub pe {
    my ($name, $machine, $subsystem, $kind, $size) = @_;
    my $wide = $machine ne 'i386';
    my $characteristics = ($wide ? 0x22 : 0x102) | ($kind eq 'dll' ? 0x2000 : 0);
    my $optional = $wide
        ? pack('vCCVVVVVQ<', 0x20b, 14, 0, 512, 0, 0, 0x1000, 0x1000, 0x140000000)
        : pack('vCCVVVVVVV', 0x10b, 14, 0, 512, 0, 0, 0x1000, 0x1000, 0x2000, 0x400000);
    $optional .= pack('VVvvvvvvVVVVvv', 0x1000, 512, 6, 0, 0, 0, 6, 0, 0, 0x2000, 0x400, 0, $subsystem, 0x160);
    $optional .= pack($wide ? 'Q<4' : 'V4', 0x100000, 0x1000, 0x100000, 0x1000) . pack('VV', 0, 16) . "\0" x 128;
    my $image = pack('a2 x58 V', 'MZ', 0x80) . "\0" x 0x40 . pack('a4vvVVVvv', 'PE', $machines{$machine}, 1, 0x65f00000, 0, 0, length $optional, $characteristics)
        . $optional . pack('a8VVVVVVvvV', '.text', 16, 0x1000, 512, 0x400, 0, 0, 0, 0, 0x60000020);
    $image .= "\0" x (0x400 - length $image) . "\xc3" . "\xcc" x 511 . "$name\0";
    my $state = unpack('%16C*', $name) | 1;
    my $missing = $size - length $image;
    if ($missing > 0) {
        my @words = map { $state = ($state * 25173 + 13849) & 0xffff } 1 .. 2048;
        my $noise = pack 'v*', @words;
        $image .= substr $noise x (1 + $missing / length $noise), 0, $missing;
    }

    return $image;
}

# --- hives --------------------------------------------------------------------------------------------------------------------------------

my $written = pack 'VV', 0x5d3a8000, 0x01da4c11;

sub sid { my ($authority, @parts) = @_; return pack 'CCx5CV*', 1, scalar @parts, $authority, @parts }

# What a root key has: SYSTEM and Administrators full control, Users read.
sub descriptor {
    my ($system, $administrators, $users) = (sid(5, 18), sid(5, 32, 544), sid(5, 32, 545));
    my $entries = join '', map { my ($mask, $sid) = @$_; pack('CCvV', 0, 2, 8 + length $sid, $mask) . $sid }
        [0xf003f, $system], [0xf003f, $administrators], [0x20019, $users];
    my $owner = 20;
    my $group = $owner + length $administrators;
    return pack('CCvVVVV', 1, 0, 0x8004, $owner, $group, 0, $group + length $system) . $administrators . $system
        . pack('CCvvv', 2, 0, 8 + length $entries, 3, 0) . $entries;
}

sub cell {
    my ($data) = @_;
    my $length = (length($data) + 4 + 7) & ~7;
    return pack('l<', -$length) . $data . "\0" x ($length - 4 - length $data);
}

# A base block and one bin: the root key, its security, and free space.
sub empty_hive {
    my ($root) = @_;
    my $none = 0xffffffff;
    my $key_length = 76 + length $root;
    my $security_at = 0x20 + (($key_length + 4 + 7) & ~7);
    my $key = cell('nk' . pack('v', 0x2c) . $written . pack('V13', 0, $none, 0, 0, $none, $none, 0, $none, $security_at, $none, 0, 0, 0)
        . pack('VVvv', 0, 0, length $root, 0) . $root);
    my $sd = descriptor();
    my $security = cell('sk' . pack('vVVVV', 0, $security_at, $security_at, 1, length $sd) . $sd);
    my $bin = 'hbin' . pack('VVx8', 0, 0x1000) . $written . pack('V', 0) . $key . $security;
    my $free = 0x1000 - length $bin;
    my $base = pack('a508', 'regf' . pack('VV', 1, 1) . $written . pack('V7', 1, 5, 0, 1, 0x20, 0x1000, 1));
    my $sum = 0;
    $sum ^= $_ for unpack 'V127', $base;
    return pack('a4096', $base . pack('V', $sum)) . $bin . pack('l<', $free) . "\0" x ($free - 4);
}

sub utf16 { return encode('UTF-16LE', $_[0] . "\0") }

sub value {
    my ($kind, $text) = @_;
    return (1, utf16($text)) if $kind eq 'sz';
    return (2, utf16($text)) if $kind eq 'expand';
    return (7, join('', map { utf16($_) } split /\|/, $text) . "\0\0") if $kind eq 'multi';
    return (4, pack 'V', hex $text) if $kind eq 'dword';
    return (11, pack 'VV', hex $text, 0) if $kind eq 'qword';
    my ($type) = $kind =~ /^hex(\d+)$/ or die "unknown kind $kind\n";
    return ($type, pack 'H*', $text =~ s/[ ,]//gr);
}

sub hive {
    my ($path, $root) = @_;
    require Win::Hivex;
    write_file($path, empty_hive($root));
    my $hive = Win::Hivex->open($path, write => 1);
    my %nodes = ('' => $hive->root());
    my ($node, %values);
    my $store = sub { $hive->node_set_values($node, [values %values]) if defined $node && %values; %values = () };
    binmode STDIN, ':encoding(UTF-8)';
    while (my $line = <STDIN>) {
        $line =~ s/\r?\n$//;
        next if $line =~ /^\s*$/;
        if ($line =~ /^\[(.*)\]$/) {
            $store->();
            my $path = '';
            $node = $nodes{''};
            for my $part (split /\\/, $1) {
                $path .= '\\' . lc $part;
                $node = $nodes{$path} //= $hive->node_get_child($node, $part) // $hive->node_add_child($node, $part);
            }
        }
        elsif ($line =~ /^(.*?) = (\w+):(.*)$/) {
            my $name = $1 eq '@' ? '' : $1;
            my ($type, $data) = value($2, $3);
            $values{lc $name} = { key => $name, t => $type, value => $data };
        }
        else {
            die "no key and no value: $line\n";
        }
    }

    $store->();
    $hive->commit(undef);
}

# --- reparse points -----------------------------------------------------------------------------------------------------------------------

sub reparse { my ($tag, $data) = @_; return unpack('H*', pack('Vvv', $tag, length $data, 0) . $data) . "\n" }

sub names {
    my ($substitute, $print) = map { encode('UTF-16LE', $_) } @_;
    return (pack('vvvv', 0, length $substitute, 2 + length $substitute, length $print), "$substitute\0\0$print\0\0");
}

sub junction { my ($target) = @_; return reparse(0xa0000003, join '', names($target =~ /^\\/ ? $target : "\\??\\$target", $target)) }

sub symlink_to {
    my ($target) = @_;
    my $is_relative = $target !~ /^\w:|^\\/;
    my ($header, $text) = names($is_relative ? $target : "\\??\\$target", $target);
    return reparse(0xa000000c, $header . pack('V', $is_relative ? 1 : 0) . $text);
}

my ($command, @arguments) = @ARGV;
if ($command eq 'pe') {
    while (<STDIN>) {
        chomp;
        my ($path, @rest) = split /\t/;
        write_file($path, pe($path =~ s{.*/}{}r, @rest));
    }
}
elsif ($command eq 'hive') { hive(@arguments) }
elsif ($command eq 'junction') { print junction(@arguments) }
elsif ($command eq 'symlink') { print symlink_to(@arguments) }
elsif ($command eq 'wof') { print reparse(0x80000017, pack 'V4', 1, 2, 1, @arguments) }
elsif ($command eq 'edit') {
    my ($path, $offset, $bytes) = @arguments;
    open my $file, '+<:raw', $path or die "$path: $!\n";
    seek $file, $offset, 0;
    print $file pack 'H*', $bytes;
    close $file or die "$path: $!\n";
}
else { die "unknown command $command\n" }
