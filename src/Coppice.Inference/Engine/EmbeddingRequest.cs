using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>A text whose embedding is wanted.</summary>
/// <param name="tokens">Its tokens, at least one.</param>
/// <param name="cancellation">Ends it early.</param>
internal sealed class EmbeddingRequest(int[] tokens, CancellationToken cancellation) : IEngineRequest
{
    private readonly TaskCompletionSource<float[]> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The embedding.</summary>
    public Task<float[]> Completion => _completion.Task;

    /// <inheritdoc/>
    public CancellationToken Cancellation => cancellation;

    /// <inheritdoc/>
    public bool NeedsSlot => false;

    /// <summary>Computes it: the mean of the hidden states after the last norm, brought to length 1.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tape">Does not record; reset afterwards.</param>
    /// <param name="input">An input of the model.</param>
    public void Compute(LanguageModel model, Tape tape, ModelInput input)
    {
        var width = model.Configuration.HiddenSize;
        float[] hidden;
        try
        {
            input.Set(tape, tokens, [.. Enumerable.Range(0, tokens.Length)], [0, tokens.Length], training: false);
            hidden = model.Hidden(tape, input).ToArray();
        }
        finally
        {
            tape.Reset();
        }

        var sums = new double[width];
        for (var i = 0; i < hidden.Length; i++) sums[i % width] += hidden[i];
        var length = Math.Sqrt(sums.Sum(sum => sum * sum));
        _completion.TrySetResult([.. sums.Select(sum => length > 0 ? (float)(sum / length) : 0)]);
    }

    /// <inheritdoc/>
    public void Fail(Exception error)
    {
        if (error is OperationCanceledException cancelled) _completion.TrySetCanceled(cancelled.CancellationToken);
        else _completion.TrySetException(error);
    }
}
