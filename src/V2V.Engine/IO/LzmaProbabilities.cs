namespace V2V.Engine.IO;

/// <summary>
/// Where the LZMA decoder keeps its adaptive bit probabilities (LZMA specification, "The decoding process"): one array of 11-bit values, each
/// group at a fixed place, the literals last because their number depends on the properties lc and lp.
/// </summary>
internal static class LzmaProbabilities
{
    public const int States = 12;
    public const int PositionStates = 16;
    public const int LengthToPositionStates = 4;
    public const int AlignBits = 4;

    public const int IsMatch = 0;
    public const int IsRep = IsMatch + (States * PositionStates);
    public const int IsRepG0 = IsRep + States;
    public const int IsRepG1 = IsRepG0 + States;
    public const int IsRepG2 = IsRepG1 + States;
    public const int IsRep0Long = IsRepG2 + States;
    public const int PositionSlot = IsRep0Long + (States * PositionStates);
    public const int PositionSpecial = PositionSlot + (LengthToPositionStates * 64);
    public const int Align = PositionSpecial + 128;
    public const int Length = Align + (1 << AlignBits);
    public const int RepLength = Length + LengthCoder.Count;
    public const int Literal = RepLength + LengthCoder.Count;

    /// <summary>Probabilities for each context of a literal.</summary>
    public const int LiteralSize = 0x300;

    /// <summary>LZMA2 allows lc + lp of up to four.</summary>
    public const int Count = Literal + (LiteralSize << 4);

    /// <summary>Half of 1 &lt;&lt; 11: neither bit is more likely.</summary>
    public const ushort Initial = 1 << 10;

    /// <summary>Places within the probabilities of one length decoder.</summary>
    public static class LengthCoder
    {
        public const int Choice = 0;
        public const int Choice2 = 1;
        public const int Low = 2;
        public const int Middle = Low + (PositionStates << 3);
        public const int High = Middle + (PositionStates << 3);
        public const int Count = High + 256;
    }
}
