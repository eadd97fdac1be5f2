using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// What stands on a model for a task: a linear layer from a hidden state to a number for each class, or to one number. Its parameters are a set of their own, so that the
/// model below may stay as it is.
/// </summary>
public sealed class TaskHead : IDisposable
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly float _dropout;
    private readonly float _initializerRange;

    /// <summary>A head for a model, its parameters all zero.</summary>
    /// <param name="model">The model.</param>
    /// <param name="outputs">Numbers that it gives: one for each class, or one.</param>
    /// <param name="dropout">The share of the hidden state that is dropped in training.</param>
    /// <param name="trainable">Whether gradients are wanted.</param>
    public TaskHead(LanguageModel model, int outputs, float dropout = 0, bool trainable = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        Parameters = new ParameterSet(
            model.Backend, [new ParameterSpecification("score.weight", new Shape(outputs, model.Configuration.HiddenSize)), new ParameterSpecification("score.bias", new Shape(outputs))], trainable);
        (_weight, _bias) = (Parameters["score.weight"].Tensor, Parameters["score.bias"].Tensor);
        (_dropout, _initializerRange) = (dropout, model.Configuration.InitializerRange);
    }

    /// <summary>Its parameters: <c>score.weight</c> [outputs, hidden] and <c>score.bias</c> [outputs].</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Numbers that it gives.</summary>
    public int Outputs => _weight.Rows;

    /// <summary>Gives the weight small random values, as the model's own have in the beginning, and the bias zeros.</summary>
    /// <param name="seed">Decides the values.</param>
    public void Initialize(ulong seed)
    {
        Initial.Normal(_initializerRange).Fill(Parameters["score.weight"], seed);
        Initial.Zeros.Fill(Parameters["score.bias"], seed);
    }

    /// <summary>What the head makes of hidden states.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[rows, hidden].</param>
    /// <param name="training">Whether dropout applies.</param>
    /// <returns>[rows, outputs].</returns>
    public Tensor Forward(Tape tape, Tensor hidden, bool training) => tape.Linear(tape.Dropout(hidden, _dropout, training), _weight, _bias);

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();
}
