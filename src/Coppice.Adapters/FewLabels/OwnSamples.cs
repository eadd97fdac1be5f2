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

    /// <summary>Writes texts of each class.</summary>
    /// <param name="labels">The names of the classes.</param>
    /// <param name="known">Texts that there are already: what is written again is left out.</param>
    /// <param name="options">How many.</param>
    /// <param name="write">Continues a prompt, with a number that names the random numbers: the model after <see cref="Lessons"/>.</param>
    /// <param name="cancellationToken">Ends it between two texts.</param>
    /// <returns>Different texts, each with the class that it was written for; where a text stands says which sample it is.</returns>
    /// <exception cref="CoppiceException">An option is out of its range (exit code 2).</exception>
    public static IReadOnlyList<LabelledText> Write(
        IReadOnlyList<string> labels, IEnumerable<string> known, OwnSampleOptions options, Func<string, ulong, string> write, CancellationToken cancellationToken = default)
    {
        options.Check();
        var (before, written, number) = (known.Select(text => text.Trim()).ToHashSet(StringComparer.Ordinal), new List<LabelledText>(), 0UL);
        foreach (var label in labels)
        {
            var seen = new HashSet<string>(before, StringComparer.Ordinal);
            for (var i = 1; i <= options.PerClass * options.Candidates; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var text = write(Prompt(label), number++).Trim();
                if (text.Length > 0 && seen.Add(text)) written.Add(new LabelledText(text, null, label, FormattableString.Invariant($"sample {i} of '{label}'")));
            }
        }

        return written;
    }

    /// <summary>Keeps the samples of which a classifier is surest that they are of the class they were written for.</summary>
    /// <param name="written">Of <see cref="Write"/>.</param>
    /// <param name="labels">The names of the classes.</param>
    /// <param name="probabilities">What the classifier says of the samples [samples][classes].</param>
    /// <param name="options">How many of each class, and how sure.</param>
    /// <returns>The surest of each class first.</returns>
    public static IReadOnlyList<LabelledText> Keep(
        IReadOnlyList<LabelledText> written, IReadOnlyList<string> labels, IReadOnlyList<float[]> probabilities, OwnSampleOptions options)
    {
        options.Check();
        ArgumentOutOfRangeException.ThrowIfNotEqual(probabilities.Count, written.Count);
        return [.. Enumerable.Range(0, labels.Count).SelectMany(label => Enumerable.Range(0, written.Count)
            .Where(i => written[i].Label == labels[label] && ClassProbabilities.Best(probabilities[i]) == label && probabilities[i][label] >= (float)options.Threshold)
            .OrderByDescending(i => probabilities[i][label]).ThenBy(i => i).Take(options.PerClass)
            .Select(i => written[i]))];
    }
}
