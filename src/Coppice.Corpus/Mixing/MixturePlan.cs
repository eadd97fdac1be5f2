using Coppice.Foundation;

namespace Coppice.Corpus.Mixing;

/// <summary>A source as a plan sees it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Epoch">What one pass over it is made of.</param>
public sealed record PlannedSource(string Name, long Tokens, EpochShape Epoch)
{
    /// <summary>Its weight relative to the other sources'.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>How often it may be gone through at most; infinite for no limit.</summary>
    public double MaximumEpochs { get; init; } = double.PositiveInfinity;

    /// <summary>How many tokens of it may be trained on at most, repeated ones counted again; infinite for no limit.</summary>
    public double MaximumTokens { get; init; } = double.PositiveInfinity;

    /// <summary>The sequences that both limits allow.</summary>
    public double MaximumSequences => Math.Floor(Math.Min(MaximumEpochs * Epoch.Sequences, MaximumTokens / Epoch.SequenceLength));
}

/// <summary>A part of a run with weights of its own.</summary>
/// <param name="From">The sequence it begins with.</param>
/// <param name="Weights">A weight for each source, 0 for none of it.</param>
public sealed record MixtureStage(long From, IReadOnlyList<double> Weights);

/// <summary>What a stage takes of its sources.</summary>
/// <param name="From">The first sequence.</param>
/// <param name="To">The sequence behind its last.</param>
/// <param name="Sequences">The expected sequences of each source.</param>
public sealed record PlannedStage(long From, long To, IReadOnlyList<double> Sequences);

/// <summary>
/// What a run takes of each source, decided before it begins: shares by weight and size, stages, and limits on repetition. A source that has reached its limit leaves its share to
/// the others, by their weights.
/// </summary>
/// <remarks>
/// A source's share is its weight times its tokens to the power of 1/T. T = 1 mixes by size, a larger T raises small sources, an infinite one leaves the weights alone (Arivazhagan et
/// al.). Limits: text repeated up to about four epochs is worth nearly as much as new text, from sixteen on it is worth nothing (Muennighoff et al.). Stages: the share of
/// small, good sources raised in the last tenth or fifth of a run (Blakeney et al.).
/// </remarks>
[Technique("temperature-mixture", Title = "Massively Multilingual Neural Machine Translation in the Wild: Findings and Challenges", Paper = "arXiv:1907.05019")]
[Technique("epoch-limit", Title = "Scaling Data-Constrained Language Models", Paper = "arXiv:2305.16264")]
[Technique("domain-up-sampling", Title = "Does your data spark joy? Performance gains from domain upsampling at the end of training", Paper = "arXiv:2406.03476")]
public sealed class MixturePlan
{
    private MixturePlan(IReadOnlyList<PlannedSource> sources, IReadOnlyList<PlannedStage> stages, StagedMixture mixture) => (Sources, Stages, Mixture) = (sources, stages, mixture);

    /// <summary>The sources.</summary>
    public IReadOnlyList<PlannedSource> Sources { get; }

    /// <summary>What each stage takes of them.</summary>
    public IReadOnlyList<PlannedStage> Stages { get; }

    /// <summary>The mixture that carries the plan out.</summary>
    public StagedMixture Mixture { get; }

    /// <summary>Plans.</summary>
    /// <param name="sources">The sources, at least one.</param>
    /// <param name="stages">Stages after the first one, in order; the first begins with the run and has the sources' own weights.</param>
    /// <param name="temperature">T, above 0; infinite for weights alone.</param>
    /// <param name="sequences">Sequences of the run.</param>
    /// <exception cref="CoppiceException">The limits leave less text than the run takes, or a stage has no source.</exception>
    public static MixturePlan Make(IReadOnlyList<PlannedSource> sources, IReadOnlyList<MixtureStage> stages, double temperature, long sequences)
    {
        if (sources.Count == 0) throw CoppiceException.Usage("A mixture needs at least one source.");
        var largest = (double)sources.Max(source => source.Tokens);
        double[] sizes = [.. sources.Select(source => Math.Pow(source.Tokens / largest, 1 / temperature))];
        double[] limits = [.. sources.Select(source => source.MaximumSequences)];
        List<MixtureStage> all = [new MixtureStage(0, [.. sources.Select(source => source.Weight)]), .. stages];
        var taken = new double[sources.Count];
        var segments = new List<MixtureSegment>();
        var planned = new List<PlannedStage>();
        for (var i = 0; i < all.Count; i++)
        {
            var (from, to) = (all[i].From, i + 1 < all.Count ? all[i + 1].From : sequences);
            if (to <= from) continue;
            double[] before = [.. taken];
            double[] weights = [.. all[i].Weights.Select((weight, source) => weight * sizes[source])];
            Fill(sources, segments, weights, limits, taken, from, to, sequences);
            planned.Add(new PlannedStage(from, to, [.. taken.Select((value, source) => value - before[source])]));
        }

        return new MixturePlan(sources, planned, new StagedMixture(segments, limits));
    }

    /// <summary>The tokens of a source that a stage takes.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="source">The source's number.</param>
    public double Tokens(PlannedStage stage, int source) => stage.Sequences[source] * Sources[source].Epoch.SequenceLength;

    /// <summary>How often a stage goes through a source.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="source">The source's number.</param>
    public double Epochs(PlannedStage stage, int source) => stage.Sequences[source] / Sources[source].Epoch.Sequences;

    // Shares are constant until the stage ends or a source reaches its limit.
    private static void Fill(IReadOnlyList<PlannedSource> sources, List<MixtureSegment> segments, double[] weights, double[] limits, double[] taken, double from, double to, long sequences)
    {
        while (from < to)
        {
            double[] open = [.. weights.Select((weight, source) => taken[source] < limits[source] ? weight : 0)];
            var sum = open.Sum();
            if (sum <= 0) throw NotEnough(sources, from, sequences);
            double[] shares = [.. open.Select(weight => weight / sum)];
            var until = to;
            for (var i = 0; i < shares.Length; i++)
            {
                if (shares[i] > 0) until = Math.Min(until, from + (limits[i] - taken[i]) / shares[i]);
            }

            segments.Add(new MixtureSegment(from, shares, [.. taken]));
            for (var i = 0; i < shares.Length; i++)
            {
                // Not by the sum, which rounding might leave a trifle below its limit for ever.
                var reaches = shares[i] > 0 && from + (limits[i] - taken[i]) / shares[i] <= until;
                taken[i] = reaches ? limits[i] : taken[i] + shares[i] * (until - from);
            }

            from = until;
        }
    }

    private static CoppiceException NotEnough(IReadOnlyList<PlannedSource> sources, double from, long sequences) => CoppiceException.Usage(FormattableString.Invariant(
        $"the sources' limits leave text for {100 * from / sequences:0.#} % of the run ({string.Join(", ", sources.Where(source => double.IsFinite(source.MaximumSequences)).Select(source => FormattableString.Invariant($"{source.Name}: {source.MaximumSequences * source.Epoch.SequenceLength:N0} tokens")))}): raise max_epochs or max_tokens, add text, or train on fewer tokens"));
}
