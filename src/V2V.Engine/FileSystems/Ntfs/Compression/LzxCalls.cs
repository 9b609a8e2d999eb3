using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>
/// Before it compresses, LZX replaces the relative targets of x86 CALL instructions (E8) by absolute ones, which repeat more often. This
/// takes it back.
/// </summary>
internal static class LzxCalls
{
    private const byte Call = 0xE8;

    /// <summary>What WIM takes for the size of every file.</summary>
    private const int FileSize = 12_000_000;

    /// <summary>The last bytes are left alone.</summary>
    private const int Tail = 10;

    private const int InstructionLength = 5;

    public static void Restore(Span<byte> data)
    {
        for (var at = 0; at < data.Length - Tail; at++)
        {
            if (data[at] != Call)
            {
                continue;
            }

            var operand = data.Slice(at + 1, sizeof(int));
            var target = BinaryPrimitives.ReadInt32LittleEndian(operand);
            if (target >= -at && target < FileSize)
            {
                BinaryPrimitives.WriteInt32LittleEndian(operand, target >= 0 ? target - at : target + FileSize);
            }

            at += InstructionLength - 1;
        }
    }
}
