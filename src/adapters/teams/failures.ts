// What a failed call to the connector means for us: whether it may have happened, whether it is worth trying again, and when.
import { RestError } from '@azure/core-rest-pipeline';
