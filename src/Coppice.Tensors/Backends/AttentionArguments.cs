namespace Coppice.Tensors;

/// <summary>
/// The arguments of packed multi-head attention. Document d has the queries [QueryOffsets[d], QueryOffsets[d+1]) and the keys
/// [KeyOffsets[d], KeyOffsets[d] + KeyLengths[d]); nothing attends across documents. Where causal, the last query sees the last key:
/// query i of a document with nq queries and nk keys sees the keys j with j &lt;= i + nk - nq. Query head h uses key/value head h / (Heads / KeyValueHeads).
/// A bias is added to the scores by how far a key is from the query: j - (i + nk - nq), and of those farther than BiasRadius as at BiasRadius.
/// </summary>
public unsafe struct AttentionArguments
{
    /// <summary>Number of documents.</summary>
    public int Documents;

    /// <summary>Documents + 1 cumulative query counts.</summary>
    public int* QueryOffsets;

    /// <summary>First key row of each document.</summary>
    public int* KeyOffsets;

    /// <summary>Number of keys of each document.</summary>
    public int* KeyLengths;

    /// <summary>Query heads.</summary>
    public int Heads;

    /// <summary>Key/value heads; divides <see cref="Heads"/>.</summary>
    public int KeyValueHeads;

    /// <summary>Size of one head.</summary>
    public int HeadSize;

    /// <summary>Scores are query · key times this.</summary>
    public float Scale;

    /// <summary>No query sees a later key.</summary>
    public bool Causal;

    /// <summary>0, or the number of latest keys that a query sees, itself included (with <see cref="Causal"/>).</summary>
    public int Window;

    /// <summary>
    /// Null, or for each query the query of its document that it follows in a tree (with <see cref="Causal"/>, without a bias, forward alone): see
    /// <see cref="AttentionLayout"/>. The distance of two tokens, for <see cref="Window"/>, is then that of their depths.
    /// </summary>
    public int* Parents;

    /// <summary>Null, or what is added to the scores: that of head h at the distance d in row d + BiasRadius of [2 * BiasRadius + 1, Heads].</summary>
    public float* Bias;

    /// <summary>The largest distance that has a bias of its own.</summary>
    public int BiasRadius;

    /// <summary>Queries: row t, head h at Q + t * StrideQ + h * HeadSize.</summary>
    public float* Q;

    /// <summary>Row stride of Q.</summary>
    public int StrideQ;

    /// <summary>Keys.</summary>
    public float* K;

    /// <summary>Row stride of K.</summary>
    public int StrideK;

    /// <summary>Values.</summary>
    public float* V;

    /// <summary>Row stride of V.</summary>
    public int StrideV;

    /// <summary>Output, laid out as the queries.</summary>
    public float* Output;

    /// <summary>Row stride of the output.</summary>
    public int StrideOutput;

    /// <summary>For every query row and head, the logarithm of the softmax denominator: [rows, Heads]. Written forward, read backward; null forward where not wanted. A query that sees no key has output 0.</summary>
    public float* LogSumExp;

    /// <summary>Where the bias of a distance and a head is.</summary>
    /// <param name="distance">The key's place less the query's.</param>
    /// <param name="head">The query head.</param>
    internal readonly long BiasPlace(int distance, int head) => (long)(Math.Clamp(distance, -BiasRadius, BiasRadius) + BiasRadius) * Heads + head;
}

/// <summary>
/// What the backward pass of attention needs beside the forward arguments. Gradients are overwritten, each for the rows of all documents; that of the bias
/// is added to.
/// </summary>
public unsafe struct AttentionGradients
{
    /// <summary>Gradient of the output, strides as the output.</summary>
    public float* Output;

    /// <summary>Gradient of the queries, strides as the queries.</summary>
    public float* Q;

    /// <summary>Row stride of the queries' gradient.</summary>
    public int StrideQ;

    /// <summary>Gradient of the keys.</summary>
    public float* K;

    /// <summary>Row stride of the keys' gradient.</summary>
    public int StrideK;

    /// <summary>Gradient of the values.</summary>
    public float* V;

    /// <summary>Row stride of the values' gradient.</summary>
    public int StrideV;

    /// <summary>Gradient of the bias, laid out as it; null where there is none or it is not wanted.</summary>
    public float* Bias;
}
