namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>A file that is stored compressed. All who have it open at the same time share what has been unpacked of it.</summary>
/// <param name="unpack">Starts to unpack it.</param>
internal sealed class PackedFile(Func<PackedContent> unpack)
{
    private readonly Lock _lock = new();
    private PackedContent? _content;
    private int _users;

    /// <param name="path">What messages call it; null takes that of the compressed file.</param>
    /// <param name="store">The place that it lies in; null takes that of the compressed file.</param>
    /// <param name="name">Its name there.</param>
    public DiskFile Open(string? path = null, FileStore? store = null, string? name = null)
    {
        lock (_lock)
        {
            _content ??= unpack();
            _users++;
            return new Opening(this, _content, path, store, name);
        }
    }

    private void Close()
    {
        PackedContent? last = null;
        lock (_lock)
        {
            if (--_users == 0)
            {
                last = _content;
                _content = null;
            }
        }

        last?.Dispose();
    }

    private sealed class Opening(PackedFile owner, PackedContent content, string? path, FileStore? store, string? name) : DiskFile
    {
        private bool _isClosed;

        public override string Path => path ?? content.Packed.Path;

        public override string? Folder => store is null ? content.Packed.Folder : null;

        public override FileStore? Store => store ?? content.Packed.Store;

        public override string Name => name ?? content.Packed.Name;

        public override long Length => content.Length;

        public override bool IsPacked => true;

        internal override string? Version => content.Packed.Version is { } version ? $"{Name} in {version}" : null;

        public override bool Reaches(long end) => content.Reaches(end);

        public override void Read(long offset, Span<byte> buffer)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            CheckRange(offset, buffer.Length);
            content.Read(offset, buffer);
        }

        public override void CheckWhole() => content.CheckWhole();

        public override IEnumerable<DiskExtent> Extents(long offset, long length) => content.Extents(offset, length);

        internal override long Allocated() => content.Packed.Allocated();

        protected override void Dispose(bool disposing)
        {
            if (!_isClosed)
            {
                _isClosed = true;
                owner.Close();
            }

            base.Dispose(disposing);
        }
    }
}
