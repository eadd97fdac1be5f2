using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;

namespace Coppice.Adapters.Directories;

/// <summary>What <see cref="AdapterVerifier"/> found.</summary>
/// <param name="Passed">Whether every error is within its tolerance.</param>
/// <param name="LogitsMaxAbsError">The largest error of a logit of base and adapter.</param>
/// <param name="MergedLogitsMaxAbsError">The largest error of a logit of the merged model.</param>
public sealed record AdapterVerificationResult(bool Passed, double LogitsMaxAbsError, double MergedLogitsMaxAbsError);

/// <summary>
/// Compares an adapter on its base with numbers from elsewhere: <c>io.safetensors</c> in its directory holds <c>input_ids</c> [batch, sequence] and the <c>logits</c>
/// that base and adapter give.
/// </summary>
public static class AdapterVerifier
{
    /// <summary>The file with the reference numbers.</summary>
    public const string ReferenceFile = "io.safetensors";

    /// <summary>The largest error of a logit.</summary>
    public const double LogitsTolerance = 2e-4;

    /// <summary>Runs base and adapter on the reference's tokens, once as they are and once merged.</summary>
    /// <param name="directory">The adapter's directory, with the reference file.</param>
    /// <param name="baseDirectory">The base model's directory.</param>
    /// <param name="backend">Computes.</param>
    /// <exception cref="CoppiceException">A file is missing or does not fit.</exception>
    public static AdapterVerificationResult Verify(string directory, string baseDirectory, Backend backend)
    {
        using var model = ModelDirectory.Load(baseDirectory, backend);
        using var set = new AdapterSet(model);
        using var reference = SafetensorsFile.Open(Path.Combine(directory, ReferenceFile));
        var shape = reference.Find("input_ids").Shape;
        if (shape.Count != 2 || shape[0] < 1 || shape[1] < 1) throw new CoppiceException($"{reference.Path}: 'input_ids' has the shape [{string.Join(", ", shape)}], [batch, sequence] is expected");
        var tokens = Array.ConvertAll(reference.ReadIntegers("input_ids"), id => checked((int)Math.Clamp(id, -1, int.MaxValue)));
        var expected = reference.ReadFloats("logits");
        if (expected.Length != (long)tokens.Length * model.Configuration.VocabularySize)
            throw new CoppiceException($"{reference.Path}: 'logits' has {expected.Length} values, {(long)tokens.Length * model.Configuration.VocabularySize} are expected");
        AdapterDirectory.Load(directory, set, "verified");
        set.Activate("verified");
        var error = MaxDifference(Logits(model, tokens, (int)shape[1]), expected);
        var merge = AdapterMerge.Into(set, "verified");
        var mergedError = MaxDifference(Logits(model, tokens, (int)shape[1]), expected);
        merge.Undo();
        // Written so that a NaN fails.
        return new AdapterVerificationResult(error <= LogitsTolerance && mergedError <= LogitsTolerance, error, mergedError);
    }

    private static float[] Logits(LanguageModel model, int[] tokens, int length)
    {
        using var tape = new Tape(model.Backend) { Recording = false };
        var input = new ModelInput(model);
        int[] boundaries = [.. Enumerable.Range(0, tokens.Length / length + 1).Select(row => row * length)];
        input.Set(tape, tokens, [.. Enumerable.Range(0, tokens.Length).Select(i => i % length)], boundaries, training: false);
        return model.Logits(tape, model.Hidden(tape, input)).ToArray();
    }

    private static double MaxDifference(float[] actual, float[] expected)
    {
        var max = 0.0;
        // Math.Max keeps what is no number.
        for (var i = 0; i < actual.Length; i++) max = Math.Max(max, Math.Abs((double)actual[i] - expected[i]));
        return max;
    }
}
