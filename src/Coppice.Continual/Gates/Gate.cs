using System.Globalization;
using Coppice.Continual.Recipes;
using Coppice.Continual.Updates;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Training.Reports;

namespace Coppice.Continual.Gates;

/// <summary>
/// Decides whether an updated model is released: on every earlier source against the parent and against the best ancestor, on the gain, and on the probes
/// that the recipe names. A bar is broken only if the estimate breaks it; intervals are printed beside it.
/// </summary>
public sealed class Gate(GateSection settings)
{
    /// <summary>Judges.</summary>
    /// <param name="sources">What parent and update make of each source.</param>
    /// <param name="flips">On the minimal pairs; null where none were asked for.</param>
    /// <param name="factsLost">The share of the facts that the parent knows and the update does not; null where none were asked for.</param>
    /// <exception cref="CoppiceException">A bar is set for what is not measured (exit code 2).</exception>
    public GateVerdict Judge(IReadOnlyList<SourceOutcome> sources, Flips? flips = null, double? factsLost = null)
    {
        var bars = new List<GateBar>();
        foreach (var source in sources)
        {
            if (source.New) AddGain(bars, source);
            else AddForgetting(bars, source);
        }

        if (flips is not null) bars.Add(Bar("negative flips", flips.NegativeRate, settings.MaxNegativeFlips, $"{flips.Negative} of {flips.Items} pairs were right and are wrong now"));
        if (factsLost is { } lost) bars.Add(Bar("facts lost", lost, settings.MaxFactsLost, $"{Percent(lost)} of the facts were known and are not any more"));
        return new GateVerdict(bars, Advice(bars));
    }

    /// <summary>Refuses settings that could never say no.</summary>
    /// <param name="evaluation">What is measured.</param>
    /// <exception cref="CoppiceException">A bar is set for what is not measured (exit code 2).</exception>
    public void RequireMeasured(UpdateEvaluationSection evaluation)
    {
        if (settings.MaxNegativeFlips < 1 && evaluation.Pairs.Length == 0) throw CoppiceException.Usage("'gate.max_negative_flips' needs minimal pairs: give --pairs FILE");
        if (settings.MaxFactsLost < 1 && evaluation.Facts.Length == 0) throw CoppiceException.Usage("'gate.max_facts_lost' needs facts: give --facts FILE");
    }

    private void AddForgetting(List<GateBar> bars, SourceOutcome source)
    {
        var change = source.ChangePercent / 100;
        bars.Add(Bar($"forgetting of {source.Name}", change, settings.MaxForgetting, $"bits per byte {NumberText.Aligned(source.BitsPerByteBefore)} to {NumberText.Aligned(source.BitsPerByteAfter)}, {Signed(change)}{Interval(source)}"));
        if (source.BestAncestorBitsPerByte is not { } best || best >= source.BitsPerByteBefore) return;
        var overall = source.BitsPerByteAfter / best - 1;
        bars.Add(Bar($"forgetting of {source.Name} since the best version", overall, settings.ForgettingOverall, $"bits per byte {NumberText.Aligned(best)} once, {NumberText.Aligned(source.BitsPerByteAfter)} now, {Signed(overall)}"));
    }

    private void AddGain(List<GateBar> bars, SourceOutcome source)
    {
        var gain = -source.ChangePercent / 100;
        bars.Add(new GateBar(
            $"gain on {source.Name}", gain, settings.MinGain, !(gain >= settings.MinGain),
            $"bits per byte {NumberText.Aligned(source.BitsPerByteBefore)} to {NumberText.Aligned(source.BitsPerByteAfter)}, {Signed(-gain)}{Interval(source)}; a fall of at least {Percent(settings.MinGain)} is asked for"));
    }

    private static GateBar Bar(string name, double value, double limit, string measured) => new(name, value, limit, !(value <= limit), $"{measured}; at most {Percent(limit)} is allowed");

    private static List<string> Advice(List<GateBar> bars)
    {
        var advice = new List<string>();
        if (bars.Any(bar => bar.Broken && bar.Name.StartsWith("forgetting", StringComparison.Ordinal)))
        {
            advice.Add("replay more: --share 0.5, or let a law choose it: --share auto");
            advice.Add("hold on to the parent on replayed text: --set replay.kl_weight=2");
            advice.Add("begin at a lower learning rate: --set optimizer.learning_rate=…");
            advice.Add("allow more, if it is worth it: --max-forgetting 3%");
        }

        if (bars.Any(bar => bar.Broken && bar.Name.StartsWith("gain", StringComparison.Ordinal))) advice.Add("train longer on the new text: --set epochs=4, or replay less");
        if (bars.Any(bar => bar.Broken && bar.Name is "negative flips" or "facts lost")) advice.Add("hold on to the parent's answers: --set replay.kl_weight=2 --set protection.kl_on_new=0.2");
        return advice;
    }

    private static string Interval(SourceOutcome source) =>
        source is { Low: { } low, High: { } high } ? $" (95 %: {Signed(low / 100)} to {Signed(high / 100)})" : "";

    private static string Signed(double share) => NumberText.Change(100 * share);

    private static string Percent(double share) => (100 * share).ToString("0.##", CultureInfo.InvariantCulture) + " %";
}
