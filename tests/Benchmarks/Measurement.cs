namespace V2V.Benchmarks;

/// <param name="WallSeconds">From the start of the process to its end.</param>
/// <param name="CpuSeconds">User and system time of the process and those that it started.</param>
/// <param name="PeakMemory">Memory of all its processes at the most, in bytes; 0 when it was not sampled.</param>
/// <param name="OutputBytes">Size of what it made.</param>
/// <param name="Phases">Seconds of each phase, for the contenders that tell.</param>
internal sealed record Measurement(
    double WallSeconds, double CpuSeconds, long PeakMemory, long OutputBytes, IReadOnlyList<(string Name, double Seconds)> Phases);
