namespace Coppice.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    public override void Gather(int rows, int columns, int* ids, float* table, float* y, bool accumulate)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++) Write(ref y[(long)r * columns + c], table[(long)ids[r] * columns + c], accumulate);
        }
    }

    public override void ScatterAdd(int rows, int columns, int* ids, float* dy, float* dtable)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++) dtable[(long)ids[r] * columns + c] += dy[(long)r * columns + c];
        }
    }

    public override void Rotate(int rows, int heads, int headSize, int rotarySize, int* positions, float* cosines, float* sines, bool inverse, float* x, int stride)
    {
        var half = rotarySize / 2;
        for (var r = 0; r < rows; r++)
        {
            for (var h = 0; h < heads; h++)
            {
                var head = x + (long)r * stride + (long)h * headSize;
                for (var i = 0; i < half; i++)
                {
                    double cosine = cosines[(long)positions[r] * half + i];
                    double sine = sines[(long)positions[r] * half + i] * (inverse ? -1 : 1);
                    double first = head[i], second = head[i + half];
                    head[i] = (float)(first * cosine - second * sine);
                    head[i + half] = (float)(second * cosine + first * sine);
                }
            }
        }
    }

    public override void CrossEntropy(in CrossEntropyArguments arguments)
    {
        var classes = arguments.Classes;
        for (var r = 0; r < arguments.Rows; r++)
        {
            var logits = arguments.Logits + (long)r * classes;
            if (arguments.Weights[r] == 0)
            {
                arguments.Losses[r] = 0;
                if (arguments.NegativeLogLikelihoods != null) arguments.NegativeLogLikelihoods[r] = 0;
                if (arguments.ComputeGradient) Zero(logits, classes);
                continue;
            }

            var target = arguments.Targets[r];
            var logSumExp = LogSumExp(classes, logits, 1);
            var negativeLogLikelihood = logSumExp - logits[target];
            double smoothing = arguments.LabelSmoothing, zLoss = arguments.ZLoss, factor = (double)arguments.Weights[r] * arguments.Scale;
            var loss = (1 - smoothing) * negativeLogLikelihood + zLoss * logSumExp * logSumExp;
            // Without smoothing no other class counts: a masked logit of minus infinity must not turn 0 times infinity into NaN.
            for (var c = 0; smoothing != 0 && c < classes; c++) loss += smoothing / classes * (logSumExp - logits[c]);
            arguments.Losses[r] = (float)(factor * loss);
            if (arguments.NegativeLogLikelihoods != null) arguments.NegativeLogLikelihoods[r] = (float)negativeLogLikelihood;
            if (!arguments.ComputeGradient) continue;

            for (var c = 0; c < classes; c++)
            {
                var probability = Math.Exp(logits[c] - logSumExp);
                var wanted = (c == target ? 1 - smoothing : 0) + smoothing / classes;
                logits[c] = (float)(factor * (probability - wanted + 2 * zLoss * logSumExp * probability));
            }
        }
    }

    public override void KullbackLeibler(int rows, int columns, float* student, float* teacher, float temperature, float scale, float* weights, float* losses, float* dstudent, float* dteacher)
    {
        for (var r = 0; r < rows; r++)
        {
            var offset = (long)r * columns;
            var studentSum = LogSumExp(columns, student + offset, temperature);
            var teacherSum = LogSumExp(columns, teacher + offset, temperature);
            double divergence = 0;
            for (var c = 0; c < columns; c++) divergence += Terms(student[offset + c], teacher[offset + c]).Divergence;
            var factor = (double)scale * temperature * (weights == null ? 1 : weights[r]);
            losses[r] = (float)(factor * temperature * divergence);

            for (var c = 0; c < columns; c++)
            {
                var (q, p, term) = Terms(student[offset + c], teacher[offset + c]);
                // The gradients with respect to student / T are q - p, with respect to teacher / T they are p (log p - log q - KL).
                if (dstudent != null) dstudent[offset + c] = (float)(factor * (q - p));
                if (dteacher != null) dteacher[offset + c] = (float)(factor * (term - p * divergence));
            }

            (double Q, double P, double Divergence) Terms(double studentLogit, double teacherLogit)
            {
                var logQ = studentLogit / temperature - studentSum;
                var logP = teacherLogit / temperature - teacherSum;
                var p = Math.Exp(logP);
                return (Math.Exp(logQ), p, p == 0 ? 0 : p * (logP - logQ));
            }
        }
    }
}
