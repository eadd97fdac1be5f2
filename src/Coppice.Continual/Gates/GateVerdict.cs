namespace Coppice.Continual.Gates;

/// <summary>One thing that an update had to pass.</summary>
/// <param name="Name">What was judged, such as a source's forgetting.</param>
/// <param name="Value">What was measured; a share.</param>
/// <param name="Limit">What is allowed.</param>
/// <param name="Broken">Whether the estimate breaks the bar.</param>
/// <param name="Explanation">Measurement, interval and limit in words.</param>
public sealed record GateBar(string Name, double Value, double Limit, bool Broken, string Explanation);

/// <summary>What the gate said.</summary>
/// <param name="Bars">Every bar.</param>
/// <param name="Advice">What to try where it said no.</param>
public sealed record GateVerdict(IReadOnlyList<GateBar> Bars, IReadOnlyList<string> Advice)
{
    /// <summary>Whether the updated model may be released.</summary>
    public bool Accepted => Bars.All(bar => !bar.Broken);
}
