using Coppice.Foundation;
using Coppice.Inference;

namespace Coppice.Adapters;

/// <summary>A round of active learning with a trained classifier: which texts a person should label next, written to a file.</summary>
public static class ActiveLearningRound
{
    /// <summary>Picks texts and writes an annotation file.</summary>
    /// <param name="adaptation">The trained classifier.</param>
    /// <param name="base">Its base.</param>
    /// <param name="labelled">The texts that have a label.</param>
    /// <param name="unlabelled">The others; those that are labelled too are passed over.</param>
    /// <param name="count">How many to pick.</param>
    /// <param name="path">The file to create (<c>.jsonl</c>).</param>
    /// <returns>How many were written.</returns>
    /// <exception cref="CoppiceException">All texts are labelled, or the file is there already or can't be written.</exception>
    public static int Write(
        Adaptation adaptation, AdaptBase @base, IReadOnlyList<LabelledText> labelled, IReadOnlyList<UnlabelledText> unlabelled, int count, string path)
    {
        var known = labelled.Select(text => (text.Text, text.Pair)).ToHashSet();
        List<UnlabelledText> open = [.. unlabelled.Where(text => !known.Contains((text.Text, text.Pair)))];
        if (open.Count == 0) throw new CoppiceException("active learning: there is no text without a label");
        var probabilities = FewLabelTraining.Probabilities(adaptation, open);
        using var embedder = new TextEmbedder(adaptation.Model, @base.Tokenizer);
        var vectors = embedder.Embed(open.Select(text => Whole(text.Text, text.Pair)));
        var picks = ActiveLearning.Pick(probabilities, vectors, embedder.Embed(labelled.Select(text => Whole(text.Text, text.Pair))), count);
        AnnotationFile.Write(path, open, picks, adaptation.Description!.Labels, probabilities);
        return picks.Count;
    }

    private static string Whole(string text, string? pair) => pair is null ? text : text + "\n" + pair;
}
