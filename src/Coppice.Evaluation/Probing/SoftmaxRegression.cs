using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>
/// Multinomial logistic regression: the mean of -log p(label) plus a pull of the weights to zero, at its minimum, which is the only one. Columns are brought to mean 0 and
/// variance 1 first. Neither the number of threads nor chance has a say in the result.
/// </summary>
internal sealed class SoftmaxRegression
{
    // Half of it times the sum of the squared weights is added to the loss.
    private const double Pull = 1e-4;

    // No weight changes the loss by more: far below what an accuracy shows, and above the rounding of float32.
    private const double Tolerance = 2e-5;

    private readonly double[] _means;
    private readonly double[] _scales;
    private readonly int _classes;
    private readonly double[] _weights;
    private readonly double[] _biases;

    private SoftmaxRegression(ReadOnlySpan<float> rows, int columns, int classes)
    {
        (_means, _scales, _classes) = (new double[columns], new double[columns], classes);
        (_weights, _biases) = (new double[classes * columns], new double[classes]);
        var count = rows.Length / columns;
        for (var column = 0; column < columns; column++)
        {
            var (sum, squares) = (0.0, 0.0);
            for (var i = column; i < rows.Length; i += columns) sum += rows[i];
            _means[column] = sum / count;
            for (var i = column; i < rows.Length; i += columns) squares += (rows[i] - _means[column]) * (rows[i] - _means[column]);
            // What is the same everywhere says nothing.
            _scales[column] = squares > 0 ? 1 / Math.Sqrt(squares / count) : 0;
        }
    }

    /// <summary>Learns.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="rows">[rows, columns].</param>
    /// <param name="columns">Values of a row.</param>
    /// <param name="labels">[rows]: from 0 to classes - 1.</param>
    /// <param name="classes">How many labels there are.</param>
    public static SoftmaxRegression Fit(Backend backend, ReadOnlySpan<float> rows, int columns, int[] labels, int classes)
    {
        var regression = new SoftmaxRegression(rows, columns, classes);
        using var parameters = new ParameterSet(backend, [new("weight", new Shape(classes, columns)), new("bias", new Shape(classes))]);
        using var tape = new Tape(backend);
        var (weight, bias) = (parameters["weight"], parameters["bias"]);
        var standardised = new float[rows.Length];
        for (var i = 0; i < rows.Length; i++) standardised[i] = (float)regression.Standardise(rows[i], i % columns);
        var ones = new float[labels.Length];
        Array.Fill(ones, 1);
        var floats = new float[parameters.Values.Count];
        var found = LimitedMemoryBfgs.Minimise(floats.Length, Loss, Tolerance);
        Array.Copy(found, weight.Offset, regression._weights, 0, regression._weights.Length);
        Array.Copy(found, bias.Offset, regression._biases, 0, classes);
        return regression;

        double Loss(double[] x, double[] gradient)
        {
            for (var i = 0; i < floats.Length; i++) floats[i] = (float)x[i];
            parameters.Values.CopyFrom(floats, 0);
            parameters.BeginGradients();
            var inputs = tape.Constant(new Shape(labels.Length, columns), standardised);
            var loss = tape.HeadCrossEntropy(
                inputs, weight.Tensor, tape.Integers(labels), tape.Constant(new Shape(labels.Length), ones), new CrossEntropyOptions(1f / labels.Length), bias: bias.Tensor);
            tape.Backward(loss);
            double value = loss.Item;
            tape.Reset();
            parameters.EndGradients();
            parameters.Gradients!.CopyTo(0, floats);
            for (var i = 0; i < floats.Length; i++) gradient[i] = floats[i];
            for (var i = weight.Offset; i < weight.Offset + weight.Count; i++)
            {
                value += Pull / 2 * x[i] * x[i];
                gradient[i] += Pull * x[i];
            }

            return value;
        }
    }

    /// <summary>The most probable label of each row.</summary>
    /// <param name="rows">[rows, columns].</param>
    public int[] Predict(ReadOnlySpan<float> rows)
    {
        var columns = _means.Length;
        var labels = new int[rows.Length / columns];
        var row = new double[columns];
        for (var i = 0; i < labels.Length; i++)
        {
            for (var column = 0; column < columns; column++) row[column] = Standardise(rows[i * columns + column], column);
            var best = double.NegativeInfinity;
            for (var label = 0; label < _classes; label++)
            {
                var logit = _biases[label];
                for (var column = 0; column < columns; column++) logit += _weights[label * columns + column] * row[column];
                if (logit <= best) continue;
                (best, labels[i]) = (logit, label);
            }
        }

        return labels;
    }

    private double Standardise(float value, int column) => (value - _means[column]) * _scales[column];
}
