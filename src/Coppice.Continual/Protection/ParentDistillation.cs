using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Continual.Protection;

/// <summary>How strongly an update is held to what its parent predicts.</summary>
/// <param name="Weight">What the mean divergence of the distilled tokens counts, against the mean loss of all counted tokens.</param>
/// <param name="Share">The share of the counted tokens that is distilled, as the mixture plans it; above 0, at most 1.</param>
/// <param name="Temperature">Divides the logits of both; the divergence counts its square.</param>
public readonly record struct DistillationSettings(double Weight, double Share, double Temperature = 1);

/// <summary>
/// Language modelling, causal or masked, that keeps to the parent: the loss is the mean negative log-likelihood of the counted tokens, plus
/// weight × the mean divergence KL(parent ‖ model) over the distilled tokens, which are the counted ones of chosen sources. On replayed text
/// it protects best: soft targets carry more a token than the text itself, and the mean over its own tokens keeps a small share of replay from
/// being drowned. On new text it needs no old text, and fights what is to be learned: weight at most 0.5.
/// </summary>
/// <remarks>
/// The mean is over the planned number of distilled tokens, share · counted tokens of the whole step, so that it is a sum over tokens with
/// one factor: parts of a batch add up to the batch. Where a mixture keeps its shares, that is their number. The parent computes only
/// the documents with distilled tokens, each up to the last of them (an encoder all of it, and all of a batch of pairs), and keeps nothing for a backward pass. Text behind a
/// token that the parent doesn't have (of a vocabulary that grew) is not distilled; <see cref="UnknownTokens"/> counts it.
/// </remarks>
[Technique("learning-without-forgetting", Title = "Learning without Forgetting", Paper = "arXiv:1606.09282")]
[Technique("parent-distillation", Title = "Lifelong Pretraining: Continually Adapting Language Models to Emerging Corpora", Paper = "arXiv:2110.08534")]
public sealed class ParentDistillation : IObjective, IDisposable
{
    private readonly LanguageModel _parent;
    private readonly IObjective _objective;
    private readonly CountedRows _counted = new();
    private readonly float[] _sourceWeights;
    private readonly double _temperature;
    private readonly ModelInput _parentInput;
    private readonly Tape _parentTape;
    private readonly PackedBatch _parentBatch = new();
    private int[] _rows = [];
    private int[] _parentRows = [];
    private float[] _weights = [];
    private int _count;

    /// <summary>Prepares the parent.</summary>
    /// <param name="parent">The model to keep to, on the backend of the model that is trained; not disposed here.</param>
    /// <param name="distilled">Whether a source's tokens are distilled, by the source's number in <see cref="PackedBatch.Sources"/>.</param>
    /// <param name="settings">Weight, share and temperature.</param>
    /// <exception cref="CoppiceException">A setting is out of its range (exit code 2).</exception>
    public ParentDistillation(LanguageModel parent, IReadOnlyList<bool> distilled, DistillationSettings settings)
        : this(parent, new CausalObjective(), [.. distilled.Select(chosen => chosen ? WeightOf(settings) : 0)], settings.Temperature)
    {
    }

    /// <summary>Prepares the parent, with a weight for each source.</summary>
    /// <param name="parent">The model to keep to, on the backend of the model that is trained; not disposed here.</param>
    /// <param name="objective">What is learned beside: it says which tokens are predicted from what.</param>
    /// <param name="weights">
    /// What the divergence on a source's token counts, against the loss of a counted token, by the source's number: the wanted weight of the mean over its tokens,
    /// divided by their share. 0 for a source that is not distilled.
    /// </param>
    /// <param name="temperature">Divides the logits of both; the divergence counts its square.</param>
    /// <exception cref="CoppiceException">A weight or the temperature is out of its range (exit code 2).</exception>
    public ParentDistillation(LanguageModel parent, IObjective objective, IReadOnlyList<double> weights, double temperature)
    {
        if (!objective.MeasuresText) throw CoppiceException.Usage("The objective predicts no tokens, so the model can't be held to what its parent predicts; set the weight of the divergence (kl) to 0.");
        foreach (var weight in weights) Check(weight >= 0 && double.IsFinite(weight), "weight", weight, "at least 0");
        Check(temperature > 0 && double.IsFinite(temperature), "temperature", temperature, "above 0");
        (_parent, _objective, _sourceWeights, _temperature) = (parent, objective, [.. weights.Select(weight => (float)weight)], temperature);
        _parentInput = new ModelInput(parent);
        _parentTape = new Tape(parent.Backend) { Recording = false };
    }

    /// <summary>Counted tokens of distilled sources that could not be distilled, because a token up to there is not in the parent's vocabulary.</summary>
    public long UnknownTokens { get; private set; }

    /// <inheritdoc/>
    public IObjective Validation => _objective.Validation;

    /// <inheritdoc/>
    public PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number) => _objective.Prepare(batch, scratch, seed, number);

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        if (!ReferenceEquals(model.Backend, _parent.Backend)) throw new ArgumentException("Parent and model are on different backends.", nameof(model));
        input.Set(tape, batch);
        // An encoder's head is computed for the few rows that count alone.
        var (causal, n) = (model.Configuration.IsCausal, batch.Count);
        if (!causal) _counted.Find(batch);
        var targets = input.Targets(tape, causal ? batch.Targets.AsSpan(0, n) : _counted.Targets);
        var weights = causal ? tape.Constant(new Shape(n), batch.Weights.AsSpan(0, n)) : tape.Constant(new Shape(_counted.Count), _counted.Weights);
        var hidden = model.Hidden(tape, input);
        var x = model.Predictor(tape, causal ? hidden : _counted.Gather(tape, hidden));
        Choose(batch, causal);
        if (_count == 0) return CrossEntropy();
        // The divergence before the cross-entropy, so that in the backward pass its few rows are added to gradients that are there already.
        var divergence = Divergence(tape, model, x, causal, scale);
        return tape.Add(CrossEntropy(), divergence);

        Tensor CrossEntropy() => tape.HeadCrossEntropy(x, model.Head.Tensor, targets, weights, new CrossEntropyOptions(scale), bias: model.HeadBias?.Tensor);
    }

    /// <summary>Frees the memory of the parent's passes.</summary>
    public void Dispose() => _parentTape.Dispose();

    private static double WeightOf(DistillationSettings settings)
    {
        Check(settings.Weight > 0 && double.IsFinite(settings.Weight), "weight", settings.Weight, "above 0");
        Check(settings.Share is > 0 and <= 1, "share of distilled tokens", settings.Share, "above 0 and at most 1");
        return settings.Weight / settings.Share;
    }

    private static void Check(bool condition, string what, double value, string range)
    {
        if (!condition) throw CoppiceException.Usage(FormattableString.Invariant($"The {what} of the distillation is {value}; it must be {range}."));
    }

    private Tensor Divergence(Tape tape, LanguageModel model, Tensor x, bool causal, float scale)
    {
        _parentInput.Set(_parentTape, _parentBatch);
        var parentX = _parent.Hidden(_parentTape, _parentInput);
        var parentRows = _parentRows.AsSpan(0, _count);
        if (!causal)
        {
            parentX = _parent.Predictor(_parentTape, _parentTape.Embedding(_parentTape.Integers(parentRows), parentX));
            for (var i = 0; i < _count; i++) parentRows[i] = i;
        }

        var pairs = new DistillationPairs(_rows.AsSpan(0, _count), parentRows, _weights.AsSpan(0, _count));
        var divergence = tape.HeadDistillation(
            x, model.Head.Tensor, parentX, _parent.Head.Tensor, pairs, (float)_temperature, scale, model.HeadBias?.Tensor, _parent.HeadBias?.Tensor);
        _parentTape.Reset();
        return divergence;
    }

    // The rows that are distilled, and the beginnings of documents that the parent has to read for them.
    private void Choose(PackedBatch batch, bool causal)
    {
        if (_rows.Length < batch.Count) (_rows, _parentRows, _weights) = (new int[batch.Count], new int[batch.Count], new float[batch.Count]);
        _count = 0;
        _parentBatch.Clear();
        var counted = 0;
        for (var document = 0; document < batch.DocumentCount; document++)
        {
            var (start, end) = (batch.CumulativeLengths[document], batch.CumulativeLengths[document + 1]);
            // An encoder sees all of a document from everywhere in it; a pair is read as it is or not at all.
            var (read, known) = (batch.Pairs > 0 ? end - start : 0, causal || IsKnown(batch.Tokens.AsSpan(start..end)));
            for (var i = start; i < end; i++)
            {
                known &= batch.Tokens[i] < _parent.Configuration.VocabularySize;
                if (!(batch.Weights[i] > 0)) continue;
                var row = causal ? i : counted;
                counted++;
                var weight = batch.Weights[i] * _sourceWeights[batch.Sources[i]];
                if (weight <= 0) continue;
                if (!known)
                {
                    UnknownTokens++;
                    continue;
                }

                read = causal ? i - start + 1 : end - start;
                (_rows[_count], _parentRows[_count], _weights[_count]) = (row, _parentBatch.Count + i - start, weight);
                _count++;
            }

            if (read == 0) continue;
            _parentBatch.Add(batch.Tokens.AsSpan(start, read), batch.Targets.AsSpan(start, read), batch.Weights.AsSpan(start, read));
        }

        if (batch.Pairs > 0) _parentBatch.Pair(batch.Pairs);
    }

    private bool IsKnown(ReadOnlySpan<int> tokens)
    {
        foreach (var token in tokens)
        {
            if (token >= _parent.Configuration.VocabularySize) return false;
        }

        return true;
    }
}
