using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Optimizers;

namespace Coppice.Continual.Vocabulary;

/// <summary>
/// The first stage of training after the vocabulary has grown: for some steps only the rows of new tokens change, so that old knowledge isn't bent to their
/// first values. Everything else keeps its bits.
/// </summary>
/// <remarks>
/// It masks the finished update, decay of weights included, and so is the chain's last link. Adam's moments see all gradients meanwhile: when the stage ends,
/// the moments of old weights are as old as the step count says, and so are those of new rows where the optimizer starts anew with the update. (A moment that
/// starts at zero under a high count would make huge first steps.) Clipping counts the gradients of masked weights too.
/// </remarks>
[Technique("new-rows-first", Title = "Vocabulary Expansion of Chat Models with Unlabeled Target Language Data", Paper = "arXiv:2412.11704")]
public sealed class NewRowsOnly : GradientTransform
{
    // Minus zero is what can be added to any number without a change of its bits: -0 + 0 is 0.
    private static readonly float[] NoChange = [.. Enumerable.Repeat(-0f, 4096)];

    private readonly long _steps;
    private readonly (long Start, long End)[] _open;

    /// <summary>A mask.</summary>
    /// <param name="model">The grown model.</param>
    /// <param name="firstNewId">The first new token.</param>
    /// <param name="newTokens">The number of new tokens.</param>
    /// <param name="steps">How many steps the stage lasts, counted from the optimizer's first.</param>
    /// <param name="norms">Whether norms may change too.</param>
    public NewRowsOnly(LanguageModel model, int firstNewId, int newTokens, long steps, bool norms = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)firstNewId + newTokens, model.Configuration.VocabularySize, nameof(newTokens));
        _steps = steps;
        long hidden = model.Configuration.HiddenSize;
        var rows = new[] { model.Embedding, model.Head }.Distinct().Select(matrix => (matrix.Offset + firstNewId * hidden, matrix.Offset + (firstNewId + newTokens) * hidden));
        var vectors = norms ? model.Parameters.Parameters.Where(IsNorm).Select(norm => (norm.Offset, norm.Offset + norm.Count)) : [];
        _open = [.. rows.Concat(vectors).Order()];
    }

    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count)
    {
        if (step.Number > _steps) return;
        var end = start + count;
        foreach (var (open, close) in _open)
        {
            if (close <= start) continue;
            if (open >= end) break;
            Keep(step.Updates, start, open);
            start = Math.Min(close, end);
        }

        Keep(step.Updates, start, end);
    }

    private static void Keep(FlatBuffer updates, long start, long end)
    {
        for (; start < end; start += NoChange.Length) updates.CopyFrom(NoChange.AsSpan(0, (int)Math.Min(NoChange.Length, end - start)), start);
    }

    // GPT-2 names them ln_1, ln_2 and ln_f, the Llama family something with norm.
    private static bool IsNorm(Parameter parameter) =>
        parameter.Name.Contains(".ln_", StringComparison.Ordinal) || parameter.Name.Contains("norm.", StringComparison.Ordinal);
}
