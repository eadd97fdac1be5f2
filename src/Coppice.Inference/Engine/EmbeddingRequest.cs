namespace Coppice.Inference;

/// <summary>A text whose embedding is wanted.</summary>
/// <param name="tokens">Its tokens, at least one.</param>
/// <param name="variant">Which variant of the model embeds it; null for the model alone.</param>
/// <param name="cancellation">Ends it early.</param>
internal sealed class EmbeddingRequest(int[] tokens, string? variant, CancellationToken cancellation) : IEngineRequest
{
    private readonly TaskCompletionSource<float[]> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The text's tokens.</summary>
    public int[] Tokens => tokens;

    /// <summary>The variant of the model.</summary>
    public string? Variant => variant;

    /// <summary>The embedding.</summary>
    public Task<float[]> Completion => _completion.Task;

    /// <inheritdoc/>
    public CancellationToken Cancellation => cancellation;

    /// <inheritdoc/>
    public bool NeedsSlot => false;

    /// <summary>Gives the embedding to whoever waits for it.</summary>
    /// <param name="embedding">The embedding.</param>
    public void Complete(float[] embedding) => _completion.TrySetResult(embedding);

    /// <inheritdoc/>
    public void Fail(Exception error)
    {
        if (error is OperationCanceledException cancelled) _completion.TrySetCanceled(cancelled.CancellationToken);
        else _completion.TrySetException(error);
    }
}
