namespace V2V.Engine.IO;

/// <summary>Takes decoded bytes, in order, in pieces of any size.</summary>
internal delegate void ContentSink(ReadOnlySpan<byte> content);
