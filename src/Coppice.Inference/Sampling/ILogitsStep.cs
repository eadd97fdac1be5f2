namespace Coppice.Inference;

/// <summary>A change of the logits before a token is drawn from them. Steps are applied one after the other. One object serves one text.</summary>
public interface ILogitsStep
{
    /// <summary>Changes logits in place.</summary>
    /// <param name="logits">[vocabulary]; negative infinity for a token that can't be drawn. At least one is finite, and must remain so.</param>
    void Apply(Span<float> logits);

    /// <summary>Learns which token was drawn. A step that depends on the text so far counts it; the others need not care.</summary>
    /// <param name="token">The token.</param>
    void Accept(int token)
    {
    }
}
