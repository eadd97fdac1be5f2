using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;

namespace Coppice.Evaluation;

/// <summary>What <see cref="ModelVerifier"/> found.</summary>
/// <param name="Passed">Whether every error is within its tolerance.</param>
/// <param name="LogitsMaxAbsError">The largest error of a logit.</param>
/// <param name="LossAbsError">The error of the loss.</param>
/// <param name="GradientMaxRelativeError">
/// The largest ‖g - g*‖ / ‖g*‖ of a parameter; where g* is nothing but rounding, below a ten-millionth of all gradients together, against a ten-thousandth of those.
/// </param>
/// <param name="WorstParameter">Which parameter that is; null where the reference has no gradients.</param>
public sealed record VerificationResult(bool Passed, double LogitsMaxAbsError, double LossAbsError, double GradientMaxRelativeError, string? WorstParameter);

/// <summary>
/// Compares a model with numbers from elsewhere: <c>io.safetensors</c> in its directory holds <c>input_ids</c> and <c>labels</c> [batch, sequence],
/// <c>logits</c>, <c>loss</c> and a <c>grad.NAME</c> for each parameter; with <c>document_ids</c>, rows hold several documents each; <c>token_type_ids</c> are
/// for models that know types. Where <c>attention_mask</c> is 0 there is padding, which is not run and not compared. For an encoder-decoder,
/// <c>decoder_input_ids</c> are what the decoder reads, and labels and logits are those of their places.
/// </summary>
public static class ModelVerifier
{
    /// <summary>The file with the reference numbers.</summary>
    public const string ReferenceFile = "io.safetensors";

    private const double LogitsTolerance = 2e-4;
    private const double LossTolerance = 2e-5;
    private const double GradientTolerance = 2e-4;

    // Shares of the norm of all gradients. Some gradients are zero but for rounding (a bias on keys cancels out in the softmax) and have no relative error: where the
    // reference's is below float32's precision, the model's has to be next to nothing too. With the tolerance that is 2e-8 of all gradients.
    private const double RoundingShare = 1e-7;
    private const double RoundingMeasure = 1e-4;

    private const long Uncounted = -100;

    /// <summary>Runs the model forward and backward on the reference's batch.</summary>
    /// <param name="directory">A model directory with the reference file.</param>
    /// <param name="backend">Computes.</param>
    /// <exception cref="CoppiceException">A file is missing or does not fit.</exception>
    public static VerificationResult Verify(string directory, Backend backend)
    {
        using var model = ModelDirectory.Load(directory, backend, trainable: true);
        using var reference = SafetensorsFile.Open(Path.Combine(directory, ReferenceFile));
        var batch = model.Configuration.IsEncoderDecoder ? Batch.ReadPairs(reference) : Batch.Read(reference);
        using var tape = new Tape(backend);
        var input = new ModelInput(model);
        if (batch.Pairs > 0) input.SetPairs(tape, batch.Tokens, batch.Positions, batch.CumulativeLengths, batch.Pairs, training: false);
        else input.Set(tape, batch.Tokens, batch.Positions, batch.CumulativeLengths, training: false, batch.Types);
        var hidden = model.Hidden(tape, input);
        // What was only read has no logits.
        if (batch.Pairs > 0) hidden = tape.SliceRows(hidden, batch.Tokens.Length - batch.Targets.Length, batch.Targets.Length);
        var logits = model.Logits(tape, hidden);
        var options = new CrossEntropyOptions(Scale: 1f / Math.Max(1, batch.Weights.Count(weight => weight > 0)));
        var loss = model.CrossEntropy(tape, hidden, input.Targets(tape, batch.Targets), tape.Constant(new Shape(batch.Weights.Length), batch.Weights), options);

        var expectedLogits = ReadFloats(reference, "logits", (long)batch.Places * model.Configuration.VocabularySize);
        var logitsError = MaxDifference(logits.ToArray(), expectedLogits, batch.Kept);
        var lossError = Math.Abs(loss.Item - ReadFloats(reference, "loss", 1)[0]);
        tape.Backward(loss);
        var (gradientError, worst) = CompareGradients(model, reference);
        // Written so that a NaN fails.
        var passed = logitsError <= LogitsTolerance && lossError <= LossTolerance && gradientError <= GradientTolerance;
        return new VerificationResult(passed, logitsError, lossError, gradientError, worst);
    }

    private static (double Error, string? Worst) CompareGradients(LanguageModel model, SafetensorsFile reference)
    {
        const string Prefix = "grad.";
        var expected = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var info in reference.Tensors)
        {
            if (!info.Name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            var name = info.Name[Prefix.Length..];
            if (!model.Parameters.TryGet(name, out var parameter)) throw new CoppiceException($"{reference.Path}: '{info.Name}': the model has no parameter of that name");
            expected[name] = ReadFloats(reference, info.Name, parameter.Count);
        }

        var all = Math.Sqrt(expected.Values.Sum(SumOfSquares));
        var worstError = 0.0;
        string? worst = null;
        foreach (var (name, gradient) in expected)
        {
            var actual = model.Parameters[name].Tensor.GradientToArray();
            var difference = Math.Sqrt(SumOfSquares([.. actual.Zip(gradient, (a, b) => a - b)]));
            var norm = Math.Sqrt(SumOfSquares(gradient));
            if (norm < RoundingShare * all) norm = RoundingMeasure * all;
            var error = norm > 0 ? difference / norm : difference == 0 ? 0 : double.PositiveInfinity;
            // What is no number is the worst there can be, whatever comes after it.
            if (double.IsNaN(error)) return (error, name);
            if (worst is null || error > worstError) (worstError, worst) = (error, name);
        }

        return (worstError, worst);
    }

    private static double SumOfSquares(float[] values) => values.Sum(value => (double)value * value);

    private static float[] ReadFloats(SafetensorsFile file, string name, long count)
    {
        var info = file.Find(name);
        return info.Count == count ? file.ReadFloats(name) : throw new CoppiceException($"{file.Path}: '{name}' has {info.Count} values, {count} are expected");
    }

    /// <summary>The largest difference between rows of logits and those of the reference that they belong to.</summary>
    private static double MaxDifference(float[] actual, float[] expected, int[] rows)
    {
        var max = 0.0;
        var columns = actual.Length / rows.Length;
        for (var i = 0; i < actual.Length; i++)
        {
            // Math.Max keeps what is no number.
            max = Math.Max(max, Math.Abs((double)actual[i] - expected[(long)rows[i / columns] * columns + i % columns]));
        }

        return max;
    }

    /// <summary>
    /// The reference's rows as one packed batch: a new document at each row and at each change of <c>document_ids</c>. Of its places, those with padding
    /// are left out.
    /// </summary>
    private sealed record Batch(int Places, int[] Kept, int[] Tokens, int[] Types, int[] Targets, float[] Weights, int[] Positions, int[] CumulativeLengths, int Pairs = 0)
    {
        /// <summary>The rows of an encoder-decoder: a pair each. What the decoder reads is compared whole.</summary>
        public static Batch ReadPairs(SafetensorsFile file)
        {
            var (sources, targets) = (Rows(file, "input_ids"), Rows(file, "decoder_input_ids"));
            if (sources.Count != targets.Count) throw new CoppiceException($"{file.Path}: 'input_ids' has {sources.Count} rows and 'decoder_input_ids' {targets.Count}");
            var labels = ReadLike(file, "labels", targets.Sum(row => row.Length));
            List<int[]> documents = [.. sources, .. targets];
            var boundaries = new List<int> { 0 };
            foreach (var document in documents) boundaries.Add(boundaries[^1] + document.Length);
            return new Batch(
                labels.Length, [.. Enumerable.Range(0, labels.Length)], [.. documents.SelectMany(document => document)], [],
                [.. labels.Select(label => label == Uncounted ? 0 : checked((int)label))], [.. labels.Select(label => label == Uncounted ? 0f : 1f)],
                [.. documents.SelectMany(document => Enumerable.Range(0, document.Length))], [.. boundaries], sources.Count);
        }

        private static List<int[]> Rows(SafetensorsFile file, string name)
        {
            var shape = file.Find(name).Shape;
            if (shape.Count != 2 || shape[0] == 0 || shape[1] == 0) throw new CoppiceException($"{file.Path}: '{name}' is not [batch, sequence]");
            var ids = file.ReadIntegers(name);
            var visible = name == "input_ids" && file.Contains("attention_mask") ? ReadLike(file, "attention_mask", ids.Length) : null;
            return [.. Enumerable.Range(0, ids.Length).Chunk((int)shape[1]).Select(row => row.Where(i => visible is null || visible[i] != 0).Select(i => checked((int)ids[i])).ToArray())];
        }

        public static Batch Read(SafetensorsFile file)
        {
            var shape = file.Find("input_ids").Shape;
            if (shape.Count != 2) throw new CoppiceException($"{file.Path}: 'input_ids' has {shape.Count} dimensions, [batch, sequence] is expected");
            var length = (int)shape[1];
            var ids = file.ReadIntegers("input_ids");
            var labels = ReadLike(file, "labels", ids.Length);
            var documents = file.Contains("document_ids") ? ReadLike(file, "document_ids", ids.Length) : new long[ids.Length];
            var types = file.Contains("token_type_ids") ? ReadLike(file, "token_type_ids", ids.Length) : new long[ids.Length];
            var visible = file.Contains("attention_mask") ? ReadLike(file, "attention_mask", ids.Length) : null;
            int[] kept = [.. Enumerable.Range(0, ids.Length).Where(i => visible is null || visible[i] != 0)];
            if (kept.Length == 0) throw new CoppiceException($"{file.Path}: 'attention_mask' hides every token");
            var shifted = Shifted(file);
            var (targets, weights, positions) = (new int[kept.Length], new float[kept.Length], new int[kept.Length]);
            var boundaries = new List<int> { 0 };
            for (var row = 0; row < kept.Length; row++)
            {
                var place = kept[row];
                if (row > 0 && !SameDocument(kept[row - 1], place)) boundaries.Add(row);
                positions[row] = row - boundaries[^1];
                // With shifted labels, a token predicts the next one of its document.
                if (shifted && (row + 1 == kept.Length || !SameDocument(place, kept[row + 1]))) continue;
                var label = labels[shifted ? kept[row + 1] : place];
                if (label == Uncounted) continue;
                targets[row] = checked((int)label);
                weights[row] = 1;
            }

            boundaries.Add(kept.Length);
            return new Batch(
                ids.Length, kept, [.. kept.Select(i => checked((int)ids[i]))], [.. kept.Select(i => checked((int)types[i]))], targets, weights, positions, [.. boundaries]);

            bool SameDocument(int place, int next) => place / length == next / length && documents[place] == documents[next];
        }

        private static long[] ReadLike(SafetensorsFile file, string name, int count)
        {
            var values = file.ReadIntegers(name);
            return values.Length == count ? values : throw new CoppiceException($"{file.Path}: '{name}' has {values.Length} values, 'input_ids' {count}");
        }

        private static bool Shifted(SafetensorsFile file) =>
            !file.Metadata.TryGetValue("shift", out var shift) || !shift.Contains("aligned", StringComparison.Ordinal);
    }
}
