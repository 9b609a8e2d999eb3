using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.Disks;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Volumes.Lvm;

/// <summary>Where the bytes of logical volumes lie, worked out sector by sector from what lvs and pvs report.</summary>
internal sealed partial class LvmLayout
{
    private const int Sector = 512;

    private readonly LvmWorkshop _shop;
    private readonly string _group;
    private readonly long _extentSize;
    private readonly Dictionary<string, long> _firstExtents;
    private readonly Dictionary<string, List<Segment>> _segments = [];

    internal LvmLayout(LvmWorkshop shop, string group)
    {
        (_shop, _group) = (shop, group);
        _extentSize = Number(shop.Report($"vgs -o vg_extent_size,vg_name {group}")[0][0]);
        _firstExtents = shop.Report("pvs -o pv_name,pe_start").ToDictionary(r => r[0], r => Number(r[1]));
        foreach (var row in shop.Report($"lvs --segments -o lv_name,seg_start,seg_size,stripe_size,devices {group}"))
        {
            if (!_segments.TryGetValue(row[0], out var list))
            {
                _segments[row[0]] = list = [];
            }

            var stripes = Stripe().Matches(row[4]).Select(m => (m.Groups["device"].Value, Number(m.Groups["extent"].Value))).ToArray();
            list.Add(new Segment(Number(row[1]), Number(row[2]), Number(row[3]), stripes));
        }
    }

    internal IEnumerable<string> Names => _segments.Keys;

    internal long Length(string volume) => _segments[volume].Sum(s => s.Size);

    /// <summary>Writes and reads at the ends of segments and at random places, through the engine and past it.</summary>
    internal void CheckAgainst(Volume volume, Random random)
    {
        const int longest = 300_000;
        var name = volume.LogicalVolume!;
        var length = Length(name);
        Assert.Equal(length, volume.Device.Length);

        using var files = new Files(_shop.Images);
        var places = _segments[name].SelectMany(s => new[] { s.Start, s.Start + s.Size - 1 }).Take(40)
            .Concat(Enumerable.Range(0, 20).Select(_ => random.NextInt64(length)));
        foreach (var place in places)
        {
            var offset = Math.Max(0, place - random.Next(longest / 2));
            var data = new byte[(int)Math.Min(random.Next(1, longest), length - offset)];
            random.NextBytes(data);

            volume.Device.Write(offset, data);
            Assert.Equal(data, files.Read(this, name, offset, data.Length));

            random.NextBytes(data);
            files.Write(this, name, offset, data);
            var read = new byte[data.Length];
            volume.Device.Read(offset, read);
            Assert.Equal(data, read);

            CheckRanges(volume, offset, data.Length);
            CheckExtents(volume, offset, data.Length);
        }
    }

    /// <summary>The disk ranges of a part of a volume are the sectors in which it lies, no more and none twice.</summary>
    private void CheckRanges(Volume volume, long offset, long length)
    {
        var (first, end) = (offset / Sector, (offset + length + Sector - 1) / Sector);
        var expected = Enumerable.Range(0, (int)(end - first)).Select(i => Locate(volume.LogicalVolume!, (first + i) * Sector)).ToHashSet();
        var found = volume.DiskRanges(first * Sector, (end - first) * Sector)
            .SelectMany(r => Enumerable.Range(0, (int)(r.Length / Sector)).Select(i => (r.DiskIndex, r.Offset + (i * Sector)))).ToList();

        Assert.Equal(expected.Count, found.Count);
        Assert.True(expected.SetEquals(found), $"{volume.DisplayName} {offset}+{length}");
    }

    private static void CheckExtents(Volume volume, long offset, long length)
    {
        var position = offset;
        foreach (var extent in volume.Device.Extents(offset, length))
        {
            Assert.Equal(position, extent.Offset);
            position = extent.End;
        }

        Assert.Equal(offset + length, position);
        Assert.Single(volume.Device.Extents(offset, length)); // The test's device says that everything is data, so that all pieces join.
    }

    /// <summary>The disk and byte of a sector of a volume.</summary>
    private (int Disk, long Offset) Locate(string volume, long offset)
    {
        var segment = _segments[volume].Single(s => offset >= s.Start && offset < s.Start + s.Size);
        var within = offset - segment.Start;
        var stripe = 0L;
        if (segment.Stripes.Length > 1)
        {
            var chunk = within / segment.StripeSize;
            stripe = chunk % segment.Stripes.Length;
            within = (chunk / segment.Stripes.Length * segment.StripeSize) + (within % segment.StripeSize);
        }

        var (device, extent) = segment.Stripes[stripe];
        var loop = _shop.Loops.Single(l => l.Name == device);
        return (loop.DiskIndex, loop.Offset + _firstExtents[device] + (extent * _extentSize) + within);
    }

    /// <summary>The extents that pvs calls free, as ranges of the disks.</summary>
    internal IReadOnlyList<DiskRange> Free() =>
        [.. _shop.Report("pvs --segments -o pv_name,pvseg_start,pvseg_size,segtype")
            .Where(r => r[3] == "free" && _firstExtents[r[0]] > 0)
            .Select(r => (Loop: _shop.Loops.Single(l => l.Name == r[0]), Start: Number(r[1]), Count: Number(r[2])))
            .Select(r => new DiskRange(r.Loop.DiskIndex, r.Loop.Offset + _firstExtents[r.Loop.Name] + (r.Start * _extentSize), r.Count * _extentSize))
            .OrderBy(r => r.DiskIndex).ThenBy(r => r.Offset)];

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<device>/dev/loop[0-9]+)\((?<extent>[0-9]+)\)")]
    private static partial Regex Stripe();

    private sealed record Segment(long Start, long Size, long StripeSize, (string Device, long Extent)[] Stripes);

    /// <summary>The images, read and written where the layout says.</summary>
    private sealed class Files(IReadOnlyList<string> images) : IDisposable
    {
        private readonly FileDevice[] _files = [.. images.Select(i => new FileDevice(i))];

        public void Dispose() => Array.ForEach(_files, f => f.Dispose());

        internal byte[] Read(LvmLayout layout, string volume, long offset, int length)
        {
            var data = new byte[length];
            Walk(layout, volume, offset, length, (file, at, from, count) => file.Read(at, data.AsSpan(from, count)));
            return data;
        }

        internal void Write(LvmLayout layout, string volume, long offset, byte[] data) =>
            Walk(layout, volume, offset, data.Length, (file, at, from, count) => file.Write(at, data.AsSpan(from, count)));

        private void Walk(LvmLayout layout, string volume, long offset, int length, Action<WritableBlockDevice, long, int, int> visit)
        {
            for (var done = 0; done < length;)
            {
                var inSector = (int)((offset + done) % Sector);
                var count = Math.Min(Sector - inSector, length - done);
                var (disk, at) = layout.Locate(volume, offset + done - inSector);
                visit(_files[disk], at + inSector, done, count);
                done += count;
            }
        }
    }
}
