using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>How many examples a model writes, and which of them are kept.</summary>
public sealed record OwnSampleOptions
{
    /// <summary>Texts that are kept of each class.</summary>
    public int PerClass { get; init; } = 100;

    /// <summary>How many are written for each that is kept.</summary>
    public int Candidates { get; init; } = 10;

    /// <summary>The least probability, by the classifier, of the class that a text was written for.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>Refuses options that mean nothing.</summary>
    /// <exception cref="CoppiceException">One is out of its range (exit code 2).</exception>
    internal void Check()
    {
        if (PerClass < 1) throw CoppiceException.Usage("own samples: at least one text of each class is to be kept");
        if (Candidates < 1) throw CoppiceException.Usage("own samples: at least one text is to be written for each that is kept");
        if (!(Threshold is >= 0 and <= 1)) throw CoppiceException.Usage(FormattableString.Invariant($"own samples: the threshold is {Threshold}; a probability is expected"));
    }
}

/// <summary>
/// More examples from a model's own samples (LAMBADA): the model learns to write texts of a class, behind the class's name; it writes many of each, and a classifier trained
/// on the given examples keeps those of which it is surest that they are of the class they were written for.
/// </summary>
[Technique("lambada", Title = "Do Not Have Enough Data? Deep Learning to the Rescue!", Paper = "arXiv:1911.03118")]
public static class OwnSamples
{
    /// <summary>What the model learns to write from: the name of a class as a prompt, a text of it as the response; for <see cref="SupervisedRendering"/>.</summary>
    /// <param name="texts">The labelled texts; single ones.</param>
    /// <exception cref="CoppiceException">A text is a pair (exit code 2).</exception>
    public static IReadOnlyList<Conversation> Lessons(IReadOnlyList<LabelledText> texts) => [.. texts.Select(text => text.Pair is null
        ? Conversation.Of(Prompt(text.Label), text.Text, text.Where)
        : throw CoppiceException.Usage($"{text.Where}: own samples are single texts, and this is a pair"))];

    /// <summary>What stands before a text of a class.</summary>
    /// <param name="label">The name of the class.</param>
    public static string Prompt(string label) => label + "\n";

    /// <summary>Writes texts of each class, and keeps the best.</summary>
    /// <param name="labels">The names of the classes.</param>
    /// <param name="known">Texts that there are already: what is written again is not kept.</param>
    /// <param name="options">How many.</param>
    /// <param name="write">Continues a prompt, with a number that names the random numbers: the model after <see cref="Lessons"/>.</param>
    /// <param name="guess">What a classifier says of texts: [texts][classes] probabilities, the classes in the order of <paramref name="labels"/>.</param>
    /// <param name="cancellationToken">Ends it between two texts.</param>
    /// <returns>At most <see cref="OwnSampleOptions.PerClass"/> of each class, the surest first; where a text stands says which sample it is.</returns>
    /// <exception cref="CoppiceException">An option is out of its range (exit code 2).</exception>
    public static IReadOnlyList<LabelledText> Write(
        IReadOnlyList<string> labels, IEnumerable<string> known, OwnSampleOptions options, Func<string, ulong, string> write,
        Func<IReadOnlyList<UnlabelledText>, IReadOnlyList<float[]>> guess, CancellationToken cancellationToken = default)
    {
        options.Check();
        var (before, kept) = (known.Select(text => text.Trim()).ToHashSet(StringComparer.Ordinal), new List<LabelledText>());
        for (var label = 0; label < labels.Count; label++)
        {
            var seen = new HashSet<string>(before, StringComparer.Ordinal);
            var written = new List<UnlabelledText>();
            for (var i = 0; i < options.PerClass * options.Candidates; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var text = write(Prompt(labels[label]), (ulong)label * (ulong)(options.PerClass * options.Candidates) + (ulong)i).Trim();
                if (text.Length > 0 && seen.Add(text)) written.Add(new UnlabelledText(text, null, FormattableString.Invariant($"sample {i + 1} of '{labels[label]}'")));
            }

            if (written.Count == 0) continue;
            var (own, probabilities) = (label, guess(written));
            kept.AddRange(Enumerable.Range(0, written.Count)
                .Where(i => ClassProbabilities.Best(probabilities[i]) == own && probabilities[i][own] >= options.Threshold)
                .OrderByDescending(i => probabilities[i][own]).ThenBy(i => i).Take(options.PerClass)
                .Select(i => written[i].As(labels[own])));
        }

        return kept;
    }
}
