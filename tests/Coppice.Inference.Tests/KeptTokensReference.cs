using Coppice.Models;

namespace Coppice.Inference.Tests;

/// <summary>
/// A model of the Llama family, a token at a time, in double precision and in the plainest way: for each layer a list of the kept tokens' keys before their turn and values,
/// over which attention is computed anew for each token, with places in the list as positions.
/// </summary>
internal sealed class KeptTokensReference(LanguageModel model)
{
    private readonly LlamaConfiguration _c = (LlamaConfiguration)model.Configuration;
    private readonly List<(double[] Key, double[] Value)>[] _kept = [.. Enumerable.Range(0, model.Configuration.Layers).Select(_ => new List<(double[], double[])>())];

    public int Count => _kept[0].Count;

    public void Forget(int first, int count)
    {
        foreach (var layer in _kept) layer.RemoveRange(first, count);
    }

    /// <summary>Appends a token and returns the logits after it.</summary>
    public float[] Append(int token)
    {
        var x = Values("model.embed_tokens.weight").AsSpan(token * _c.HiddenSize, _c.HiddenSize).ToArray();
        for (var layer = 0; layer < _c.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            var h = Norm(x, prefix + "input_layernorm");
            var query = PerHead(Linear(h, prefix + "self_attn.q_proj"), prefix + "self_attn.q_norm");
            _kept[layer].Add((PerHead(Linear(h, prefix + "self_attn.k_proj"), prefix + "self_attn.k_norm"), Linear(h, prefix + "self_attn.v_proj")));
            x = Sum(x, Linear(Attend(query, _kept[layer]), prefix + "self_attn.o_proj"));
            h = Norm(x, prefix + "post_attention_layernorm");
            var gate = Linear(h, prefix + "mlp.gate_proj");
            var up = Linear(h, prefix + "mlp.up_proj");
            x = Sum(x, Linear([.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)], prefix + "mlp.down_proj"));
        }

        var logits = Linear(Norm(x, "model.norm"), _c.TieEmbeddings ? "model.embed_tokens" : "lm_head");
        return [.. logits.Select(logit => (float)logit)];
    }

    private double[] Attend(double[] query, List<(double[] Key, double[] Value)> kept)
    {
        var size = _c.HeadSize;
        var result = new double[query.Length];
        var first = _c.SlidingWindow > 0 ? Math.Max(0, kept.Count - _c.SlidingWindow) : 0;
        for (var head = 0; head < _c.Heads; head++)
        {
            var shared = head / (_c.Heads / _c.KeyValueHeads);
            var turned = Turn(query.AsSpan(head * size, size), kept.Count - 1);
            var weights = new List<double>();
            for (var place = first; place < kept.Count; place++)
            {
                var key = Turn(kept[place].Key.AsSpan(shared * size, size), place);
                weights.Add(Math.Exp(turned.Zip(key, (a, b) => a * b).Sum() / Math.Sqrt(size)));
            }

            for (var i = 0; i < size; i++)
            {
                result[head * size + i] = weights.Select((weight, n) => weight * kept[first + n].Value[shared * size + i]).Sum() / weights.Sum();
            }
        }

        return result;
    }

    private double[] Turn(ReadOnlySpan<double> head, int position)
    {
        var half = head.Length / 2;
        var result = new double[head.Length];
        for (var i = 0; i < half; i++)
        {
            var (sine, cosine) = Math.SinCos(position * Math.Pow(_c.RopeTheta, -2.0 * i / head.Length));
            result[i] = head[i] * cosine - head[i + half] * sine;
            result[i + half] = head[i + half] * cosine + head[i] * sine;
        }

        return result;
    }

    private double[] PerHead(double[] x, string norm) =>
        model.Parameters.TryGet(norm + ".weight", out _) ? [.. x.Chunk(_c.HeadSize).SelectMany(head => Norm(head, norm))] : x;

    private double[] Norm(double[] x, string name)
    {
        var scale = 1 / Math.Sqrt(x.Average(value => value * value) + _c.NormEpsilon);
        return [.. x.Zip(Values(name + ".weight"), (value, weight) => value * scale * weight)];
    }

    private double[] Linear(double[] x, string name)
    {
        double[] y = [.. Values(name + ".weight").Chunk(x.Length).Select(row => row.Zip(x, (weight, value) => weight * value).Sum())];
        return model.Parameters.TryGet(name + ".bias", out _) ? Sum(y, Values(name + ".bias")) : y;
    }

    private double[] Values(string name) => [.. model.Parameters[name].Tensor.ToArray().Select(value => (double)value)];

    private static double[] Sum(double[] x, double[] y) => [.. x.Zip(y, (a, b) => a + b)];
}
