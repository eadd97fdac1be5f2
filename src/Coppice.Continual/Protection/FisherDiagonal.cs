using System.Globalization;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;

namespace Coppice.Continual.Protection;

/// <summary>Which tokens the log-likelihood of an estimate is of.</summary>
public enum FisherLabels
{
    /// <summary>Those of the text: the empirical Fisher information.</summary>
    True,

    /// <summary>One drawn from the model's own prediction at each place: the Fisher information itself, in expectation.</summary>
    Sampled,
}

/// <summary>
/// How much each weight matters for what a model knows: the mean over sequences of the squared gradient of a sequence's mean token log-likelihood.
/// Each sequence has its own backward pass, for the square of a batch's mean gradient is smaller by about the size of the batch.
/// </summary>
[Technique("fisher-diagonal", Title = "On the Computation of the Fisher Information in Continual Learning", Paper = "arXiv:2502.11756")]
public sealed class FisherDiagonal : IDisposable
{
    private const string SequencesKey = "coppice.fisher.sequences";
    private const string LabelsKey = "coppice.fisher.labels";

    private FisherDiagonal(ParameterSet parameters, long sequences, FisherLabels labels)
    {
        Values = new FlatBuffer(parameters.Backend, parameters.Values.Count);
        (Sequences, Labels) = (sequences, labels);
    }

    /// <summary>The diagonal, laid out as the parameters; no value is below 0.</summary>
    public FlatBuffer Values { get; }

    /// <summary>Sequences that it was estimated from.</summary>
    public long Sequences { get; private set; }

    /// <summary>Whose labels it was estimated with.</summary>
    public FisherLabels Labels { get; }

    /// <summary>Estimates the diagonal. Costs a forward and a backward pass a sequence (with sampled labels, two forward passes), and two buffers the size of the weights.</summary>
    /// <param name="model">A trainable model; its gradients are used up, its weights stay.</param>
    /// <param name="sampler">The text that is to be remembered; moved on by the sequences.</param>
    /// <param name="sequences">How many; some hundreds do.</param>
    /// <param name="labels">Whose labels.</param>
    /// <param name="seed">Decides the sampled labels.</param>
    /// <param name="cancellation">Stops between two sequences.</param>
    public static FisherDiagonal Estimate(
        LanguageModel model, SequenceSampler sampler, int sequences, FisherLabels labels = FisherLabels.True, ulong seed = 0, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequences, 1);
        var parameters = model.Parameters;
        if (parameters.Gradients is null) throw new ArgumentException("Frozen parameters have no gradients.", nameof(model));
        var fisher = new FisherDiagonal(parameters, sequences, labels);
        // Squares are summed in groups and groups into the total, so that a long sum in float32 loses no digits to its size.
        const int Group = 32;
        using var group = new FlatBuffer(model.Backend, parameters.Values.Count);
        using var tape = new Tape(model.Backend);
        var (input, batch) = (new ModelInput(model), new PackedBatch());
        var sampling = labels == FisherLabels.Sampled ? new LabelSampling(model, input, tape, new Philox(seed, 0)) : null;
        for (var i = 0; i < sequences; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            sampler.Next(batch, 1);
            sampling?.Replace(batch);
            parameters.BeginGradients();
            // A sequence of which nothing is predicted has no gradient.
            if (batch.CountedTokens > 0) tape.Backward(MeanLoss(tape, model, input, batch));
            tape.Reset();
            parameters.EndGradients();
            group.AddSquares(parameters.Gradients);
            if ((i + 1) % Group != 0 && i + 1 < sequences) continue;
            fisher.Values.ScaleAdd(1, group, 1f / sequences, 0, group.Count);
            group.Clear();
        }

        return fisher;
    }

    /// <summary>Reads a diagonal. Rows of a matrix that the file lacks (a vocabulary that has grown since) are 0: free to move.</summary>
    /// <param name="path">The file.</param>
    /// <param name="parameters">The parameters whose names and shapes it must have.</param>
    /// <exception cref="CoppiceException">The file can't be read, belongs to another model, or holds what is no diagonal.</exception>
    public static FisherDiagonal Load(string path, ParameterSet parameters)
    {
        using var file = SafetensorsFile.Open(path);
        if (!long.TryParse(file.Metadata.GetValueOrDefault(SequencesKey), NumberStyles.None, CultureInfo.InvariantCulture, out var sequences)
            || !Enum.TryParse<FisherLabels>(file.Metadata.GetValueOrDefault(LabelsKey), out var labels) || !Enum.IsDefined(labels))
        {
            throw new CoppiceException($"{path}: is no Fisher diagonal: its metadata lacks '{SequencesKey}' or '{LabelsKey}'. Estimate it anew.");
        }

        var fisher = new FisherDiagonal(parameters, sequences, labels);
        try
        {
            foreach (var parameter in parameters.Parameters) fisher.Read(file, parameter);
            return fisher;
        }
        catch
        {
            fisher.Dispose();
            throw;
        }
    }

    /// <summary>Writes the diagonal as a safetensors file with the parameters' names.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="parameters">The parameters that it was estimated for.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Save(string path, ParameterSet parameters)
    {
        var tensors = parameters.Parameters.Select(parameter => TensorToWrite.Floats(
            parameter.Name,
            [.. Enumerable.Range(0, parameter.Shape.Rank).Select(dimension => (long)parameter.Shape[dimension])],
            (start, destination) => Values.CopyTo(parameter.Offset + start, destination)));
        SafetensorsWriter.Write(path, [.. tensors], new Dictionary<string, string>
        {
            [SequencesKey] = Sequences.ToString(CultureInfo.InvariantCulture),
            [LabelsKey] = Labels.ToString(),
        });
    }

    /// <summary>Adds the diagonal of what was learned since: F = decay · F + newer, the online form for many updates.</summary>
    /// <param name="newer">Estimated after the newest update.</param>
    /// <param name="decay">How much of the older importance stays, 0.9 to 1.</param>
    [Technique("online-ewc", Title = "Progress & Compress: A scalable framework for continual learning", Paper = "arXiv:1805.06370")]
    public void Add(FisherDiagonal newer, double decay)
    {
        if (newer.Values.Count != Values.Count) throw new ArgumentException($"A diagonal of {newer.Values.Count} values to one of {Values.Count}.", nameof(newer));
        Values.ScaleAdd((float)decay, newer.Values, 1, 0, Values.Count);
        Sequences += newer.Sequences;
    }

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();

    // What training minimises, but without dropout: it is the model as it predicts that is estimated.
    private static Tensor MeanLoss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch)
    {
        Set(input, tape, batch);
        var targets = input.Targets(tape, batch.Targets.AsSpan(0, batch.Count));
        var weights = tape.Constant(new Shape(batch.Count), batch.Weights.AsSpan(0, batch.Count));
        return tape.HeadCrossEntropy(model.Hidden(tape, input), model.Head.Tensor, targets, weights, new CrossEntropyOptions(1f / batch.CountedTokens));
    }

    private static void Set(ModelInput input, Tape tape, PackedBatch batch) => input.Set(
        tape, batch.Tokens.AsSpan(0, batch.Count), batch.Positions.AsSpan(0, batch.Count), batch.CumulativeLengths.AsSpan(0, batch.DocumentCount + 1), training: false);

    private void Read(SafetensorsFile file, Parameter parameter)
    {
        var info = file.Find(parameter.Name);
        var shape = parameter.Shape;
        var fits = info.Shape.Count == shape.Rank && info.Shape[0] <= shape[0] && (shape.Rank == 2 ? info.Shape[1] == shape[1] : info.Shape[0] == shape[0]);
        if (!fits) throw new CoppiceException($"{file.Path}: tensor '{parameter.Name}' has the shape [{string.Join(", ", info.Shape)}], the model's is {shape}: it belongs to another model. Estimate it anew.");
        var values = file.ReadFloats(parameter.Name);
        foreach (var value in values)
        {
            if (!(value >= 0 && float.IsFinite(value))) throw new CoppiceException(FormattableString.Invariant($"{file.Path}: tensor '{parameter.Name}' holds {value}, which is no mean of squares. Estimate it anew."));
        }

        Values.CopyFrom(values, parameter.Offset);
    }

    /// <summary>Draws the targets of a batch from the model's predictions.</summary>
    private sealed class LabelSampling(LanguageModel model, ModelInput input, Tape tape, Philox random)
    {
        // Rows whose probabilities exist at one time.
        private const int Chunk = 64;

        private readonly float[] _probabilities = new float[model.Configuration.VocabularySize];
        private ulong _drawn;

        public void Replace(PackedBatch batch)
        {
            var n = batch.Count;
            tape.Recording = false;
            Set(input, tape, batch);
            var hidden = model.Hidden(tape, input).ToArray();
            tape.Reset();
            var columns = model.Head.Shape.Columns;
            for (var start = 0; start < n; start += Chunk)
            {
                var rows = Math.Min(Chunk, n - start);
                var part = tape.Constant(new Shape(rows, columns), hidden.AsSpan(start * columns, rows * columns));
                var probabilities = tape.Softmax(model.Logits(tape, part));
                for (var r = 0; r < rows; r++)
                {
                    probabilities.CopyTo((long)r * _probabilities.Length, _probabilities);
                    batch.Targets[start + r] = Draw();
                }

                tape.Reset();
            }

            tape.Recording = true;
        }

        private int Draw()
        {
            // Of the sum of the probabilities, which rounding may leave a little off 1.
            var sum = 0.0;
            foreach (var probability in _probabilities) sum += probability;
            var left = random.UniformDouble(_drawn++) * sum;
            for (var token = 0; token < _probabilities.Length; token++)
            {
                left -= _probabilities[token];
                if (left < 0) return token;
            }

            return Array.FindLastIndex(_probabilities, probability => probability > 0);
        }
    }
}
